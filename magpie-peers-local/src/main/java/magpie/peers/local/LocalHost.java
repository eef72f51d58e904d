/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;
import magpie.peers.ConfigurationException;
import magpie.peers.IpAddress;
import magpie.peers.host.EffectiveUser;

/**
 * This machine: {@code /proc} answers where there is one, jnr-posix elsewhere.
 *
 * <p>jnr-posix takes a fresh JVM a third of a second to load, so it is touched only when {@code
 * /proc} has no answer; and it may be absent.
 */
final class LocalHost implements Host {
  private final Path hostnameFile;
  private final EffectiveUser procUser;

  LocalHost() {
    this(Path.of("/proc/sys/kernel/hostname"), EffectiveUser.ofProc());
  }

  LocalHost(Path hostnameFile, EffectiveUser procUser) {
    this.hostnameFile = hostnameFile;
    this.procUser = procUser;
  }

  @Override
  public String name() {
    return procName().orElseGet(() -> posix("host name").gethostname());
  }

  @Override
  public OptionalLong uid() {
    OptionalLong known = procUser.uid();
    return known.isPresent()
        ? known
        : OptionalLong.of(Integer.toUnsignedLong(posix("effective user").geteuid()));
  }

  @Override
  public List<IpAddress> addresses() {
    try {
      TreeSet<IpAddress> found = new TreeSet<>();
      NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .map(InetAddress::getHostAddress)
          // A zone id says on which interface an address is; here all interfaces count.
          .map(text -> text.indexOf('%') < 0 ? text : text.substring(0, text.indexOf('%')))
          .forEach(text -> found.add(IpAddress.parse(text)));
      return List.copyOf(found);
    } catch (SocketException e) {
      throw new ConfigurationException(
          "expected the system to list the addresses of this machine, found an error: "
              + e.getMessage()
              + "; name the node with the option self",
          e);
    }
  }

  private Optional<String> procName() {
    try {
      return Optional.of(Files.readString(hostnameFile).strip()).filter(name -> !name.isEmpty());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static POSIX posix(String question) {
    try {
      return Loaded.LIBRARY;
    } catch (LinkageError e) {
      throw new ConfigurationException(
          "expected /proc or jnr-posix to tell the "
              + question
              + ", found neither that works; add com.github.jnr:jnr-posix:3.2.5 to the class path",
          e);
    }
  }

  /** Loads jnr-posix when it is first asked for, not when a host is made. */
  private static final class Loaded {
    static final POSIX LIBRARY = POSIXFactory.getNativePOSIX();
  }
}
