/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import magpie.peers.Notices;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a hook loads, since every class costs each hook its time: the numbers are what was loaded
 * when they were committed. Whoever exceeds one looks for a way around, or says in the commit why
 * it is worth the time of every hook; docs/performance.md tells how to list the classes.
 */
class HookClassesTest {
  /** Our own classes, in a hook that does what most do. */
  private static final int MOST_OWN = 69;

  /** Those of jackson-core. */
  private static final int MOST_JACKSON = 79;

  /** All classes, with those of the JDK; since 22 its ProcessBuilder has a logger, and finds it. */
  private static final int MOST = Runtime.version().feature() < 22 ? 1090 : 1250;

  /**
   * What no hook loads: YAML, injection, the command line, native libraries, the other backends,
   * and what the JDK offers at a price that a hook need not pay.
   */
  private static final List<String> FORBIDDEN =
      List.of(
          "org.snakeyaml.",
          "org.glassfish.",
          "jakarta.inject.",
          "org.jvnet.",
          "javassist.",
          "picocli.",
          "jnr.",
          "com.kenai.",
          "com.sun.jna.",
          "magpie.peers.local.",
          "magpie.peers.hk2.",
          "magpie.peers.lab.",
          "magpie.peers.cli.",
          "java.util.regex.",
          "java.util.logging.",
          "java.util.Formatter",
          "java.text.",
          "java.time.format.");

  @TempDir Path directory;
  private FakeJuju juju;

  /** What a charm does in most of its hooks. */
  static final class Usual {
    private Usual() {}

    /**
     * Does it.
     *
     * @param arguments {@code given} to make the backend itself
     */
    public static void main(String[] arguments) {
      PeersOptions options = PeersOptions.builder().build();
      try (PeerView peers =
          arguments.length == 0 ? Peers.open(options) : Peers.open(new JujuBackend(), options)) {
        peers.publish(Map.of("port", "5001"));
        Notices notices = peers.notices();
        if (notices.joined().size() != peers.nodes().size()) {
          throw new IllegalStateException("expected every peer to have joined, found " + notices);
        }
        notices.dismissJoined();
        notices.dismissDeparted();
      }
    }
  }

  @BeforeEach
  void join() {
    juju = HookScene.juju(directory, JujuVersion.JUJU_3_6).units(4).build();
    for (int i = 1; i < 4; i++) {
      juju.unit("magpie/" + i).publish("magpie", "port", "5001");
    }
    juju.unit("magpie/0").settle();
  }

  private List<String> loaded(String... arguments) throws IOException {
    return loaded(Hook.action("measure"), false, arguments);
  }

  private List<String> loaded(Hook in, boolean incremental, String... arguments)
      throws IOException {
    Path log = directory.resolve("classes");
    List<String> command = HookProgram.command(Usual.class, HookProgram.classPath());
    command.add(1, "-Xlog:class+load:file=" + log + ":none:filecount=0");
    if (incremental) {
      command.add(1, "-Dmagpie.peers.incremental-reading=true");
    }
    command.addAll(List.of(arguments));
    HookRun run =
        juju.unit("magpie/0")
            .inHook(
                in,
                (HookContext.Body<RuntimeException>)
                    hook -> {
                      HookContext.Output output = hook.call(command.toArray(new String[0]));
                      assertEquals(0, output.exitCode(), output::stderr);
                    });
    assertTrue(run.committed(), run::toString);
    List<String> classes = new ArrayList<>();
    for (String line : Files.readAllLines(log)) {
      String text = line.substring(line.lastIndexOf(']') + 1).strip();
      int source = text.indexOf(" source: ");
      if (source > 0) {
        classes.add(text.substring(0, source));
      }
    }
    return classes;
  }

  private static List<String> among(List<String> classes, String prefix) {
    return classes.stream().filter(name -> name.startsWith(prefix)).toList();
  }

  private static void assertAtMost(int most, String what, List<String> classes) {
    assertTrue(
        classes.size() <= most,
        () ->
            "expected at most "
                + most
                + " classes "
                + what
                + ", found "
                + classes.size()
                + ":\n"
                + String.join("\n", classes));
  }

  private static void assertNothingInVain(List<String> classes) {
    List<String> forbidden =
        classes.stream().filter(name -> FORBIDDEN.stream().anyMatch(name::startsWith)).toList();
    assertEquals(List.of(), forbidden);
    List<String> lambdas =
        classes.stream()
            .filter(name -> name.startsWith("magpie.") && name.contains("$$Lambda"))
            .toList();
    assertEquals(List.of(), lambdas, "a lambda on the way of every hook");
  }

  @Test
  void aHookLoadsNothingOfWhatItHasNoUseFor() throws IOException {
    List<String> classes = loaded();

    assertNothingInVain(classes);
    assertEquals(List.of(), among(classes, "magpie.peers.juju.SettingsCache"));
    assertEquals(List.of(), among(classes, "magpie.peers.host.WholeFile"));
    assertEquals(
        List.of("magpie.peers.Peers$Found"),
        among(classes, "magpie.peers.Peers$Found"),
        "what looks for backends");
    assertAtMost(MOST_OWN, "of this project", among(classes, "magpie.peers."));
    assertAtMost(MOST_JACKSON, "of jackson-core", among(classes, "com.fasterxml.jackson."));
    assertAtMost(MOST, "at all", classes);
  }

  /** What it loads to keep settings, most of it for replacing a file. */
  @Test
  void aHookThatReadsOneUnitLoadsLittleMore() throws IOException {
    juju.unit("magpie/0")
        .inHook(
            Hook.named("update-status"),
            (HookContext.Body<RuntimeException>)
                hook -> {
                  PeersOptions options =
                      PeersOptions.builder()
                          .environment(HookScene.environment(hook))
                          .option("incremental-reading", "true")
                          .build();
                  try (PeerView peers = Peers.open(options)) {
                    assertEquals(3, peers.nodes().size());
                  }
                });

    List<String> classes = loaded(Hook.changed("magpie", "magpie/2"), true);

    assertNothingInVain(classes);
    assertAtMost(MOST_OWN + 6, "of this project", among(classes, "magpie.peers."));
    assertAtMost(MOST_JACKSON, "of jackson-core", among(classes, "com.fasterxml.jackson."));
    assertAtMost(MOST + 50, "at all", classes);
  }

  @Test
  void aBackendThatIsGivenSparesTheSearchForOthers() throws IOException {
    List<String> classes = loaded("given");

    assertEquals(List.of(), among(classes, "magpie.peers.Peers$Found"));
  }
}
