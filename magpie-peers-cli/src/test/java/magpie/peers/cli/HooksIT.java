/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged command inside Juju hooks, where it needs no option: what a hook script uses. */
class HooksIT {
  @TempDir Path directory;
  private FakeJuju juju;
  private FakeUnit unit;

  @BeforeEach
  void threeUnits() throws IOException {
    Path charm = Files.createDirectory(directory.resolve("charm"));
    Files.writeString(charm.resolve("metadata.yaml"), "peers:\n  magpie:\n    interface: magpie\n");
    juju =
        FakeJuju.create(directory.resolve("juju"), JujuVersion.JUJU_3_6)
            .peerRelation("magpie")
            .units(3)
            .charm(charm)
            .build();
    unit = juju.unit("magpie/0");
    juju.unit("magpie/2").publish("magpie", "port", "5001");
    juju.settle();
  }

  @AfterEach
  void end() {
    juju.close();
  }

  /** Runs the command in a hook with nothing but what the hook gives it. */
  private static Launched command(HookContext hook, String... arguments) {
    List<String> line = Launched.command(arguments);
    HookContext.Output output = hook.call(line.toArray(new String[0]));
    return new Launched(output.exitCode(), output.stdout(), output.stderr());
  }

  private HookRun inHook(Consumer<HookContext> work) {
    return unit.inHook(Hook.named("update-status"), work::accept);
  }

  private static void assertPrints(String expected, Launched launched) {
    assertEquals(new Launched(0, expected, ""), launched);
  }

  @Test
  void listsTheNodes() {
    HookRun run =
        inHook(
            hook -> {
              assertPrints(
                  """
                  ID        ADDRESS    NETWORK  SOURCE           LABELS  NOTES
                  magpie/1  10.0.0.11  -        ingress-address  -       -
                  magpie/2  10.0.0.12  -        ingress-address  -       -
                  """,
                  command(hook, "nodes"));
              assertPrints(
                  "10.0.0.11\tmagpie-1\n10.0.0.12\tmagpie-2\n",
                  command(hook, "nodes", "--format", "hosts"));
            });

    // A mere listing records nothing, and asks for nothing of the unit's own.
    assertEquals(
        Map.of("relation-get", 4, "relation-ids", 2, "relation-list", 2), run.toolCounts());
  }

  @Test
  void seesInADepartedHookWhoStays() {
    juju.unit("magpie/2").destroy();
    unit.inHook(
        Hook.departed("magpie", "magpie/2"),
        hook ->
            assertPrints(
                """
                ID        ADDRESS    NETWORK  SOURCE           LABELS  NOTES
                magpie/1  10.0.0.11  -        ingress-address  -       -
                """,
                command(hook, "nodes")));
  }

  @Test
  void explainsAnAddress() {
    inHook(
        hook ->
            assertPrints(
                """
                magpie/2
                  SELECTED  ADDRESS    NETWORK  SOURCE           NOTE
                  *         10.0.0.12  -        ingress-address  -
                  filter   all
                  rule     first address
                  verdict  kept: 10.0.0.12 by first address
                """,
                command(hook, "explain", "magpie/2")));
  }

  @Test
  void keepsNoticesFromHookToHookUntilTheyAreDismissed() {
    String joined =
        """
        NOTICE  ID        SEQUENCE  LAST ADDRESS
        joined  magpie/1  1         -
        joined  magpie/2  1         -
        """;
    inHook(hook -> assertPrints(joined, command(hook, "notices")));
    inHook(
        hook -> {
          assertPrints(joined, command(hook, "dismiss", "joined"));
          hook.exit(1);
        });
    // The hook failed, so nothing was dismissed.
    inHook(hook -> assertPrints(joined, command(hook, "dismiss", "joined")));
    juju.unit("magpie/2").destroy();
    unit.inHook(
        Hook.departed("magpie", "magpie/2"),
        hook ->
            assertPrints(
                """
                NOTICE    ID        SEQUENCE  LAST ADDRESS
                departed  magpie/2  2         10.0.0.12
                """,
                command(hook, "notices")));
  }

  @Test
  void publishesWhatIsNew() {
    inHook(hook -> assertPrints("published\n", command(hook, "publish", "greeting= hé=llo ")));
    assertEquals(" hé=llo ", unit.settings("magpie").get("greeting"));

    HookRun again =
        inHook(
            hook ->
                assertPrints(
                    "nothing to write: all of it is published already\n",
                    command(hook, "publish", "greeting= hé=llo ")));
    assertEquals(Map.of("relation-ids", 1, "state-get", 1), again.toolCounts());
  }

  @Test
  void saysWhatFailedInOneLine() {
    juju.inject(Fault.exit(1, "ERROR connection is shut down").on("relation-list"));
    inHook(
        hook ->
            assertEquals(
                new Launched(
                    1,
                    "",
                    "magpie-peers: hook tool relation-list --format=json -r magpie:1: expected"
                        + " success; exit code 1, stderr \"ERROR connection is shut down\"; the"
                        + " hook is to fail, so that Juju runs it again\n"),
                command(hook, "nodes")));
  }
}
