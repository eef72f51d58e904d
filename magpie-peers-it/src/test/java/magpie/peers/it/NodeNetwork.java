/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.Network.Ipam;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A network of its own for some nodes, with an IPv4 and an IPv6 subnet.
 *
 * @param name what the tests call it
 * @param id what the engine calls it
 * @param third the third octet of its IPv4 subnet, which tells the networks apart
 */
record NodeNetwork(String name, String id, int third) {
  private static final String V4 = "10.203.";
  private static final String V6 = "fd4d:a691:e%02x::";

  /** As FakeJuju counts, so that both give a unit the same address. */
  private static final int FIRST_HOST = 10;

  static NodeNetwork create(String name) {
    DockerClient client = ContainerEngine.client();
    Set<Integer> taken = taken();
    DockerException last = null;
    for (int third = 0; third < 256; third++) {
      if (taken.contains(third)) {
        continue;
      }
      NodeNetwork network = new NodeNetwork(name, "", third);
      try {
        String id =
            client
                .createNetworkCmd()
                .withName("magpie-peers-it-" + third + "-" + name)
                .withLabels(ContainerEngine.labels())
                .withInternal(true)
                .withEnableIpv6(true)
                .withIpam(
                    new Ipam()
                        .withConfig(
                            new Ipam.Config().withSubnet(network.v4()),
                            new Ipam.Config().withSubnet(network.v6())))
                .exec()
                .getId();
        return new NodeNetwork(name, id, third);
      } catch (DockerException e) {
        // Somebody else was faster: the engine refuses subnets that overlap.
        last = e;
      }
    }
    throw new IllegalStateException("expected a free subnet of " + V4 + "0.0/16, found none", last);
  }

  private static Set<Integer> taken() {
    Set<Integer> taken = new HashSet<>();
    try {
      for (NetworkInterface device : NetworkInterface.networkInterfaces().toList()) {
        for (InterfaceAddress address : device.getInterfaceAddresses()) {
          InetAddress own = address.getAddress();
          if (own.getHostAddress().startsWith(V4)) {
            taken.add(own.getAddress()[2] & 255);
          }
        }
      }
    } catch (SocketException e) {
      throw new IllegalStateException(e);
    }
    return taken;
  }

  String v4() {
    return V4 + third + ".0/24";
  }

  String v6() {
    return String.format(Locale.ROOT, V6, third) + "/64";
  }

  List<String> subnets() {
    return List.of(v4(), v6());
  }

  /** Returns the IPv4 address of a node. */
  String v4(Node node) {
    return V4 + third + "." + (FIRST_HOST + node.number());
  }

  /** Returns the IPv6 address of a node. */
  String v6(Node node) {
    return String.format(Locale.ROOT, V6, third) + Integer.toHexString(FIRST_HOST + node.number());
  }

  List<String> addresses(Node node) {
    return List.of(v4(node), v6(node));
  }

  void connect(Node node) {
    ContainerEngine.client()
        .connectToNetworkCmd()
        .withNetworkId(id)
        .withContainerId(node.container().getContainerId())
        .withContainerNetwork(
            new ContainerNetwork()
                .withIpamConfig(
                    new ContainerNetwork.Ipam()
                        .withIpv4Address(v4(node))
                        .withIpv6Address(v6(node))))
        .exec();
  }

  void disconnect(Node node) {
    ContainerEngine.client()
        .disconnectFromNetworkCmd()
        .withNetworkId(id)
        .withContainerId(node.container().getContainerId())
        .withForce(true)
        .exec();
  }
}
