/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.HookRun;

/** A charm as a process of its own, for tests of what surrounds a hook. */
final class HookProgram {
  /** Nothing of it is ASCII only, and all of it must arrive. */
  static final String GREETING = " é🦉\n";

  private HookProgram() {}

  /** The command that runs this program with the classes it needs, from where they are. */
  static List<String> command() {
    return command(HookProgram.class, classPath());
  }

  static List<String> command(Class<?> main, List<Path> classPath) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Xmx64m"));
    command.add("-cp");
    command.add(classPath.stream().map(Path::toString).collect(Collectors.joining(":")));
    command.add(main.getName());
    return command;
  }

  static List<Path> classPath() {
    return Stream.of(
            HookProgram.class,
            JujuBackend.class,
            PeerView.class,
            FakeJuju.class,
            com.fasterxml.jackson.core.JsonFactory.class)
        .map(
            type -> {
              try {
                return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
              } catch (URISyntaxException e) {
                throw new AssertionError("a location is a file", e);
              }
            })
        .toList();
  }

  /** What the charm does in every hook. */
  public static void main(String[] arguments) {
    try (PeerView peers = Peers.open()) {
      int told = peers.notices().joined().size();
      if (!peers.snapshot().origin().contains("not there yet")) {
        peers.publish("greeting", GREETING);
      }
      long greeted =
          peers.nodes().stream()
              .map(PeerNode::settings)
              .filter(settings -> GREETING.equals(settings.get("greeting")))
              .count();
      JujuUnit.of(peers)
          .setStatus(
              JujuUnit.Status.ACTIVE,
              String.format(
                  Locale.ROOT,
                  "%d peers, %d of them joined, %d greeted",
                  peers.ids().size(),
                  told,
                  greeted));
    }
  }

  /** Plays an application of this program in a directory of the user who runs it. */
  static final class Play {
    private Play() {}

    /**
     * Does it.
     *
     * @param arguments the directory
     */
    public static void main(String[] arguments) {
      Path directory = Path.of(arguments[0]);
      try (FakeJuju juju =
          FakeJuju.create(directory.resolve("juju"), magpie.peers.testkit.juju.JujuVersion.JUJU_3_6)
              .peerRelation("magpie")
              .units(2)
              .charm(directory.resolve("charm"))
              .build()) {
        for (HookRun run : juju.play(command().toArray(new String[0]))) {
          if (!run.committed()) {
            System.out.println(run + " " + run.stderr());
          }
        }
        juju.units().forEach(unit -> System.out.println(unit.name() + " " + unit.status()));
        System.out.println(
            "writable "
                + java.nio.file.Files.isWritable(directory.resolve("charm"))
                + ", user "
                + java.nio.file.Files.getAttribute(directory.resolve("juju"), "unix:uid"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
