/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import magpie.peers.ConfigurationException;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.SourceUnavailableException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers that speak TLS, take client certificates only, and know users by their common names. */
@Tag("alone")
class TlsTest {
  private static final String SET = "lab";

  @TempDir Path directory;

  private void openssl(String... arguments) {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    EtcdCluster.run(command);
  }

  private String file(String name) {
    return directory.resolve(name).toString();
  }

  private void authority(String name) {
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=" + name,
        "-keyout",
        file(name + ".key"),
        "-out",
        file(name + ".pem"));
  }

  /** A certificate for a server and a client, with a key as Java and openssl take it (PKCS#8). */
  private void certificate(String name, String authority) throws IOException {
    Path extensions =
        Files.writeString(
            directory.resolve(name + ".ext"),
            "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
    openssl(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=" + name,
        "-keyout",
        file(name + ".key"),
        "-out",
        file(name + ".csr"));
    openssl(
        "x509",
        "-req",
        "-days",
        "2",
        "-in",
        file(name + ".csr"),
        "-CA",
        file(authority + ".pem"),
        "-CAkey",
        file(authority + ".key"),
        "-CAcreateserial",
        "-extfile",
        extensions.toString(),
        "-out",
        file(name + ".pem"));
  }

  private PeersOptions.Builder options(EtcdCluster cluster, String id) {
    return Nodes.options("https://" + cluster.endpoint(0), SET, directory.resolve("state-" + id))
        .self(id);
  }

  private PeersOptions.Builder with(PeersOptions.Builder options, String ca, String client) {
    return options
        .option("etcd-ca", file(ca + ".pem"))
        .option("etcd-cert", file(client + ".pem"))
        .option("etcd-key", file(client + ".key"));
  }

  @Test
  void nodesWithCertificatesJoinAndOthersAreRefused() throws Exception {
    EtcdCluster.required();
    Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")), "needs openssl");
    authority("ca");
    authority("other-ca");
    certificate("server", "ca");
    certificate("node", "ca");
    certificate("root", "ca");
    certificate("stranger", "other-ca");
    try (EtcdCluster cluster =
        EtcdCluster.startTls(
            directory.resolve("cluster"),
            1,
            "--cert-file=" + file("server.pem"),
            "--key-file=" + file("server.key"),
            "--client-cert-auth",
            "--trusted-ca-file=" + file("ca.pem"))) {
      List<String> root =
          List.of(
              "--cacert=" + file("ca.pem"),
              "--cert=" + file("root.pem"),
              "--key=" + file("root.key"));
      Await.equal(true, () -> answers(cluster, root));
      for (String command :
          List.of(
              "role add magpie",
              "role grant-permission magpie readwrite /magpie/v1/lab/ --prefix=true",
              "user add root --no-password",
              "user grant-role root root",
              "user add node --no-password",
              "user grant-role node magpie",
              "auth enable")) {
        List<String> all = new ArrayList<>(root);
        all.addAll(List.of(command.split(" ", -1)));
        cluster.ctl(all);
      }

      try (PeerView a = Peers.open(with(options(cluster, "a"), "ca", "node").build());
          PeerView b = Peers.open(with(options(cluster, "b"), "ca", "node").build())) {
        EtcdMember.of(a).join(List.of("192.0.2.1"), Map.of());
        a.publish("port", "1");
        assertEquals("1", b.nodes().get(0).settings().get("port"));
      }
      ConfigurationException denied =
          assertThrows(
              ConfigurationException.class,
              () ->
                  Peers.open(
                          with(options(cluster, "a").option("peer-set", "other"), "ca", "node")
                              .build())
                      .close());
      assertTrue(
          denied.getMessage().contains("found that this client may not; grant its role"),
          denied.getMessage());
      // Whom the servers do not trust, and servers that the node does not trust.
      refused(with(options(cluster, "a"), "ca", "stranger"));
      refused(options(cluster, "a").option("etcd-ca", file("ca.pem")));
      PeersException untrusted = refused(with(options(cluster, "a"), "other-ca", "node"));
      assertTrue(
          untrusted
              .getMessage()
              .contains(
                  "found \"io exception: unable to find valid certification path to requested"
                      + " target\""),
          untrusted.getMessage());
      ConfigurationException noKey =
          assertThrows(
              ConfigurationException.class,
              () ->
                  Peers.open(
                          with(options(cluster, "a"), "ca", "node")
                              .option("etcd-key", file("none.key"))
                              .build())
                      .close());
      assertTrue(
          noKey.getMessage().startsWith("expected PEM files for TLS with etcd"),
          noKey.getMessage());
    }
  }

  private static PeersException refused(PeersOptions.Builder options) {
    return assertThrows(
        SourceUnavailableException.class,
        () -> Peers.open(options.option("etcd-timeout", "2").build()).close());
  }

  private static boolean answers(EtcdCluster cluster, List<String> options) {
    List<String> all = new ArrayList<>(options);
    all.addAll(List.of("endpoint", "health"));
    try {
      cluster.ctl(all);
      return true;
    } catch (AssertionError e) {
      return false;
    }
  }
}
