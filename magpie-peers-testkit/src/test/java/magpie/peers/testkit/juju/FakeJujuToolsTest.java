/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Flags, output formats, exit codes and messages of the hook tools. */
class FakeJujuToolsTest {
  @TempDir Path directory;

  private FakeJuju juju(JujuVersion version) {
    return FakeJuju.create(directory, version)
        .peerRelation("magpie")
        .peerRelation("cluster", 10)
        .config("n", 3)
        .config("verbose", true)
        .config("text", "a <b> & c")
        .unsetConfig("unset")
        .units(3)
        .build();
  }

  /** A call, what it prints, and its exit code with the message if it is not 0. */
  private record Row(int exitCode, String stdout, String stderr, List<String> command) {}

  private static Row ok(String stdout, String... command) {
    return new Row(0, stdout, "", List.of(command));
  }

  private static Row failed(int exitCode, String message, String... command) {
    return new Row(exitCode, "", "ERROR " + message + "\n", List.of(command));
  }

  private static void check(HookContext hook, Row... rows) {
    for (Row row : rows) {
      HookContext.Output output = hook.call(row.command().toArray(String[]::new));
      assertEquals(
          new HookContext.Output(row.exitCode(), row.stdout(), row.stderr()),
          output,
          () -> row.command().toString());
    }
  }

  @ParameterizedTest
  @EnumSource
  void relationIdsAndListsPrintAllFormats(JujuVersion version) {
    try (FakeJuju juju = juju(version)) {
      juju.settle();
      juju.unit("magpie/0")
          .inHook(
              "magpie-relation-changed",
              "magpie/1",
              hook ->
                  check(
                      hook,
                      ok("magpie:1\n", "relation-ids"),
                      ok("[\"magpie:1\"]\n", "relation-ids", "--format=json"),
                      ok("- cluster:10\n", "relation-ids", "--format", "yaml", "cluster"),
                      ok("[]\n", "relation-ids", "nothing", "--format=json"),
                      ok("", "relation-ids", "nothing"),
                      ok("magpie/1\nmagpie/2\n", "relation-list"),
                      ok("magpie/1\nmagpie/2\n", "relation-list", "-r", "10"),
                      ok("[\"magpie/1\",\"magpie/2\"]\n", "relation-list", "-r10", "--format=json"),
                      ok("\"magpie\"\n", "relation-list", "--app", "--format=json"),
                      ok("magpie/1\nmagpie/2\n", "relation-list", "-r", "whatever:1"),
                      failed(
                          2, "unrecognized args: [\"x\" \"y\\\"\"]", "relation-list", "x", "y\""),
                      failed(
                          2,
                          "invalid value \"x\" for option -r: invalid relation id",
                          "relation-list",
                          "-r",
                          "x"),
                      failed(
                          2,
                          "invalid value \"=1\" for option -r: invalid relation id",
                          "relation-list",
                          "-r=1"),
                      failed(
                          2,
                          "invalid value \"magpie:7\" for option --relation: relation not found",
                          "relation-list",
                          "--relation=magpie:7"),
                      failed(
                          2,
                          "invalid value \"xml\" for option --format: unknown format \"xml\"",
                          "relation-ids",
                          "--format=xml"),
                      failed(2, "option needs an argument: -r", "relation-list", "-r"),
                      failed(2, "option provided but not defined: -x", "relation-list", "--x=1"),
                      failed(2, "option provided but not defined: --xy", "relation-list", "--xy"),
                      failed(2, "empty option in argument \"--=1\"", "relation-list", "--=1"),
                      failed(
                          2,
                          "invalid value \"maybe\" for option --app: strconv.ParseBool:"
                              + " parsing \"maybe\": invalid syntax",
                          "relation-list",
                          "--app=maybe"),
                      ok("magpie\n", "relation-list", "--r", "1", "--app=T"),
                      ok(
                          "Usage: relation-list [options] [arguments]\n",
                          "relation-list",
                          "--help")));
    }
  }

  @ParameterizedTest
  @EnumSource
  void toolsOutsideARelationHookWantTheRelation(JujuVersion version) {
    try (FakeJuju juju = juju(version)) {
      String noName =
          version == JujuVersion.JUJU_2_9
              ? "no relation name specified"
              : "no endpoint name specified";
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook ->
                  check(
                      hook,
                      failed(2, noName, "relation-ids"),
                      failed(2, "no relation id specified", "relation-list"),
                      failed(2, "no relation id specified", "relation-get"),
                      failed(2, "no relation id specified", "relation-set", "a=b"),
                      failed(
                          2, "no unit or application specified", "relation-get", "-r", "magpie:1"),
                      ok("[]\n", "relation-list", "-r", "magpie:1", "--format=json")));
    }
  }

  @ParameterizedTest
  @EnumSource
  void relationGetAnswersAsEachVersionDoes(JujuVersion version) {
    boolean four = version == JujuVersion.JUJU_4_0;
    String bag =
        "{\"egress-subnets\":\"10.0.0.11/32\",\"ingress-address\":\"10.0.0.11\""
            + (four ? "" : ",\"private-address\":\"10.0.0.11\"")
            + "}\n";
    String never =
        four
            ? "relation unit not found"
            : "cannot read settings for unit \"magpie/9\" in relation \"magpie:magpie\":"
                + " unit \"magpie/9\": settings not found";
    String stranger = four ? "relation unit not found" : "permission denied";
    try (FakeJuju juju = juju(version)) {
      juju.publishApplication("magpie", "k", "v");
      juju.settle();
      juju.unit("magpie/0")
          .inHook(
              "magpie-relation-changed",
              "magpie/1",
              hook -> {
                check(
                    hook,
                    ok(bag, "relation-get", "--format=json"),
                    ok(bag, "relation-get", "--format=json", "-", "magpie/1"),
                    ok("10.0.0.11\n", "relation-get", "ingress-address"),
                    ok(
                        "\"10.0.0.12\"\n",
                        "relation-get",
                        "--format",
                        "json",
                        "ingress-address",
                        "magpie/2"),
                    ok("null\n", "relation-get", "--format=json", "missing"),
                    ok("", "relation-get", "missing"),
                    ok("{\"k\":\"v\"}\n", "relation-get", "--format=json", "--app"),
                    ok(
                        "{\"k\":\"v\"}\n",
                        "relation-get",
                        "--format=json",
                        "--app",
                        "-",
                        "magpie/2"),
                    failed(1, never, "relation-get", "-", "magpie/9"),
                    failed(1, stranger, "relation-get", "-", "other/0"));
                if (version == JujuVersion.JUJU_2_9) {
                  check(hook, ok("k: v\n", "relation-get", "-", "magpie"));
                } else {
                  check(
                      hook,
                      failed(
                          2,
                          "expected unit name, got application name \"magpie\"",
                          "relation-get",
                          "-",
                          "magpie"),
                      failed(
                          2, "invalid unit name \"magpie/01\"", "relation-get", "-", "magpie/01"));
                }
              });
      juju.unit("magpie/1")
          .inHook(
              "magpie-relation-changed",
              "",
              hook -> check(hook, ok("{\"k\":\"v\"}\n", "relation-get", "--format=json")));
    }
  }

  @Test
  void relationSetTakesArgumentsTrimmedAndFilesAsTheyAre() throws IOException {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/0");
      Files.createDirectories(unit.charmDirectory());
      Files.writeString(unit.charmDirectory().resolve("f.yaml"), "a: from file\nb: 'it''s'\n");
      unit.inHook(
          "magpie-relation-created",
          "",
          hook -> {
            check(
                hook,
                ok("", "relation-set"),
                ok("", "relation-set", " k = v ", "", "e=", "t=a=b"),
                ok("", "relation-set", "--file", "f.yaml", "a=from argument"),
                new Row(
                    0,
                    "",
                    "--format flag deprecated for command \"relation-set\"",
                    List.of("relation-set", "--format=json", "x=y")),
                ok("", "relation-set", "--", "-r=1"),
                failed(2, "expected \"key=value\", got \"novalue\"", "relation-set", "novalue"),
                failed(2, "expected \"key=value\", got \"=v\"", "relation-set", "=v"),
                failed(2, "key \"k\" specified more than once", "relation-set", "k=1", "k =2"),
                failed(
                    1,
                    "open none.yaml: no such file or directory",
                    "relation-set",
                    "--file=none.yaml"));
            assertEquals(
                new HookContext.Output(0, "", ""),
                hook.callWithInput(
                    "{\"json\": \"  two\\n lines = \\ud7ff\", \"n\": 12e3, \"gone\": null}",
                    "relation-set",
                    "--file",
                    "-",
                    "more= x "));
            assertEquals(
                "ERROR yaml: unmarshal errors:\n"
                    + "  line 1: cannot unmarshal !!seq into map[string]string\n",
                hook.callWithInput("[1]", "relation-set", "--file", "-").stderr());
          });
      var settings = unit.settings("magpie");
      settings.keySet().removeIf(key -> key.endsWith("address") || key.startsWith("egress"));
      assertEquals(
          "{-r=1, a=from argument, b=it's, json=  two\n lines = \ud7ff, k=v, more=x, n=12e3,"
              + " t=a=b, x=y}",
          settings.toString());
    }
  }

  @ParameterizedTest
  @EnumSource
  void onlyTheLeaderWritesForTheApplication(JujuVersion version) {
    try (FakeJuju juju = juju(version)) {
      juju.unit("magpie/1")
          .inHook(
              "magpie-relation-created",
              "",
              hook ->
                  check(
                      hook,
                      failed(1, "cannot write relation settings", "relation-set", "--app", "a=b"),
                      failed(
                          1,
                          "this unit is not the leader",
                          "status-set",
                          "--application",
                          "active"),
                      failed(
                          1,
                          "finding application status: this unit is not the leader",
                          "status-get",
                          "--application"),
                      ok("False\n", "is-leader")));
      juju.unit("magpie/0")
          .inHook(
              "magpie-relation-created",
              "",
              hook ->
                  check(
                      hook,
                      ok("true\n", "is-leader", "--format=json"),
                      ok("", "relation-set", "--app", "a=b"),
                      ok("", "status-set", "--application", "active", "all here"),
                      ok("active\n", "status-get", "--application")));
      assertEquals("{a=b}", juju.applicationSettings("magpie").toString());
    }
  }

  @ParameterizedTest
  @EnumSource
  void networkGetDescribesTheBoundSpace(JujuVersion version) {
    String missing =
        version == JujuVersion.JUJU_4_0
            ? "no ingress address attached to space for binding \"cluster\""
            : "no addresses attached to space for binding \"cluster\"";
    try (FakeJuju juju =
        FakeJuju.create(directory, version)
            .peerRelation("magpie")
            .peerRelation("cluster")
            .space("oam", "10.1.0.0/24", "2001:db8:0:a::/64")
            .space("storage", "198.51.100.0/25")
            .bind("cluster", "storage")
            .units(1)
            .build()) {
      FakeUnit unit = juju.unit("magpie/0");
      unit.inHook(
          "magpie-relation-created",
          "",
          hook ->
              check(
                  hook,
                  ok(
                      "{\"bind-addresses\":[{\"mac-address\":\"00:16:3e:00:00:00\","
                          + "\"interface-name\":\"eth0\",\"addresses\":["
                          + "{\"hostname\":\"\",\"value\":\"10.1.0.10\",\"cidr\":\"10.1.0.0/24\"},"
                          + "{\"hostname\":\"\",\"value\":\"2001:db8:0:a::a\","
                          + "\"cidr\":\"2001:db8:0:a::/64\"}]}],"
                          + "\"egress-subnets\":[\"10.1.0.10/32\"],"
                          + "\"ingress-addresses\":[\"10.1.0.10\",\"2001:db8:0:a::a\"]}\n",
                      "network-get",
                      "magpie",
                      "--format=json"),
                  ok("198.51.100.10\n", "network-get", "cluster", "--bind-address"),
                  ok("198.51.100.10\n", "network-get", "--primary-address", "cluster"),
                  ok(
                      "{\"bind-address\":\"10.1.0.10\",\"egress-subnets\":[\"10.1.0.10/32\"]}\n",
                      "network-get",
                      "magpie",
                      "--bind-address",
                      "--egress-subnets",
                      "--format=json"),
                  ok("10.1.0.10\n", "unit-get", "private-address"),
                  ok("\"10.1.0.10\"\n", "unit-get", "--format=json", "public-address"),
                  failed(2, "no setting specified", "unit-get"),
                  failed(2, "unknown setting \"x\"", "unit-get", "x"),
                  failed(2, "no arguments specified", "network-get"),
                  failed(2, "no binding name specified", "network-get", ""),
                  failed(1, "no network config found for binding \"x\"", "network-get", "x"),
                  failed(
                      1,
                      "--primary-address must be the only flag specified",
                      "network-get",
                      "magpie",
                      "--primary-address",
                      "--bind-address")));
      unit.addresses("storage");
      unit.addresses("oam");
      unit.inHook(
          "config-changed",
          "",
          hook ->
              check(
                  hook,
                  failed(1, missing, "network-get", "cluster", "--ingress-address"),
                  failed(1, "private address not found", "unit-get", "private-address"),
                  failed(1, "public address not found", "unit-get", "public-address")));
    }
  }

  @Test
  void kubernetesUnitsShareTheServiceAddress() {
    try (FakeJuju juju =
        FakeJuju.create(directory, JujuVersion.JUJU_3_6)
            .peerRelation("magpie")
            .kubernetes("10.152.183.7")
            .units(2)
            .build()) {
      juju.settle();
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook -> {
                check(
                    hook,
                    ok(
                        "{\"bind-addresses\":[{\"mac-address\":\"\",\"interface-name\":\"\","
                            + "\"addresses\":[{\"hostname\":\"\",\"value\":\"10.0.0.10\","
                            + "\"cidr\":\"\"}]}],\"egress-subnets\":[\"10.152.183.7/32\"],"
                            + "\"ingress-addresses\":[\"10.152.183.7\"]}\n",
                        "network-get",
                        "magpie",
                        "--format=json"),
                    ok("10.152.183.7\n", "relation-get", "-r1", "ingress-address", "magpie/1"));
                assertEquals("", hook.environment().get("JUJU_MACHINE_ID"));
              });
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPodWithoutAddressBringsOldAgentsDown(JujuVersion version) {
    try (FakeJuju juju =
        FakeJuju.create(directory, version)
            .peerRelation("magpie")
            .kubernetes("10.152.183.7")
            .units(1)
            .build()) {
      FakeUnit unit = juju.unit("magpie/0");
      unit.addresses("alpha");
      HookRun run = unit.run("config-changed", "", "network-get", "magpie", "--bind-address");
      assertEquals(1, run.exitCode());
      if (version == JujuVersion.JUJU_4_0) {
        assertEquals(
            "ERROR no bind address attached to space for binding \"magpie\"\n", run.stderr());
      } else {
        assertEquals("ERROR unexpected EOF\n", run.stderr());
        assertEquals("hook failed: \"config-changed\" (the agent died)", run.failure());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void stateToolsKeepTexts(JujuVersion version) {
    String exceeded = version == JujuVersion.JUJU_4_0 ? ": quota limit exceeded" : " exceeded";
    try (FakeJuju juju = juju(version)) {
      FakeUnit unit = juju.unit("magpie/0");
      unit.inHook(
          "update-status",
          "",
          hook -> {
            check(
                hook,
                ok("null\n", "state-get", "--format=json"),
                ok("", "state-get", "k"),
                ok("\"\"\n", "state-get", "--format=json", "k"),
                failed(1, "\"k\" not found", "state-get", "--strict", "k"),
                ok("", "state-set", "k= v ", "empty="),
                ok("{\"empty\":\"\",\"k\":\"v\"}\n", "state-get", "--format=json"),
                ok("", "state-get", "--strict", "empty"),
                ok("", "state-delete", "empty"),
                ok("", "state-delete", "never"),
                ok("", "state-delete"),
                ok("k: v\n", "state-get", "-"),
                failed(
                    1,
                    "max allowed key length (256)" + exceeded,
                    "state-set",
                    "k".repeat(257) + "=v"),
                failed(
                    1,
                    "max allowed value length (65536)" + exceeded,
                    "state-set",
                    "v=" + "v".repeat(65537)));
            assertEquals(
                0, hook.callWithInput("{\"b\":\" x\\n\"}", "state-set", "--file", "-").exitCode());
          });
      assertEquals("{b= x\n, k=v}", unit.charmState().toString());
    }
  }

  @Test
  void leaderSettingsAreWrittenAtOnce() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      HookRun run =
          juju.unit("magpie/0").run("config-changed", "", "sh", "-c", "leader-set a=b; exit 1");
      assertEquals("hook failed: \"config-changed\" (exit status 1)", run.failure());
      juju.unit("magpie/1")
          .inHook(
              "config-changed",
              "",
              hook ->
                  check(
                      hook,
                      ok("b\n", "leader-get", "a"),
                      ok("{\"a\":\"b\"}\n", "leader-get", "--format=json", "-"),
                      failed(2, "invalid key \"a=b\"", "leader-get", "a=b"),
                      failed(
                          1,
                          "cannot write leadership settings: cannot write settings: not the leader",
                          "leader-set",
                          "a=c")));
    }
  }

  @Test
  void juju4HasNoLeaderSettings() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_4_0)) {
      HookRun run = juju.unit("magpie/0").run("update-status", "", "sh", "-c", "leader-get");
      assertEquals(127, run.exitCode());
      assertTrue(run.stderr().contains("leader-get: not found"), run.stderr());
    }
  }

  @Test
  void theRestAnswersAsJujuDoes() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/0");
      juju.unit("magpie/2").remove();
      unit.inHook(
          "magpie-relation-created",
          "",
          hook ->
              check(
                  hook,
                  ok("3\n", "config-get", "n"),
                  ok("True\n", "config-get", "verbose"),
                  ok("\"a \\u003cb\\u003e \\u0026 c\"\n", "config-get", "--format=json", "text"),
                  ok("null\n", "config-get", "--format=json", "missing"),
                  ok(
                      "{\"n\":3,\"text\":\"a \\u003cb\\u003e \\u0026 c\",\"verbose\":true}\n",
                      "config-get",
                      "--format=json"),
                  ok(
                      "{\"n\":3,\"text\":\"a \\u003cb\\u003e \\u0026 c\",\"unset\":null,"
                          + "\"verbose\":true}\n",
                      "config-get",
                      "-a",
                      "--format=json"),
                  failed(
                      2,
                      "cannot use argument --all together with key \"n\"",
                      "config-get",
                      "--all",
                      "n"),
                  ok("", "status-set", "blocked", "no peers"),
                  ok("blocked\n", "status-get"),
                  ok("{\"status\":\"blocked\"}\n", "status-get", "--format=json"),
                  ok(
                      "{\"message\":\"no peers\",\"status\":\"blocked\",\"status-data\":{}}\n",
                      "status-get",
                      "--include-data",
                      "--format=json"),
                  failed(
                      2,
                      "invalid status \"x\", expected one of [maintenance blocked waiting active]",
                      "status-set",
                      "x"),
                  ok("", "juju-log", "-l", "debug", "two", "words"),
                  ok("", "juju-log", "-l", "loud", "hello"),
                  failed(2, "no message specified", "juju-log"),
                  ok("", "application-version-set", "1.2"),
                  failed(2, "no version specified", "application-version-set"),
                  ok(
                      "{\"uuid\":\"5a7e1f0c-4a51-4c7e-8d15-0f8f6f1c2b3d\"}\n",
                      "relation-model-get",
                      "--format=json"),
                  failed(
                      2,
                      "invalid value \"smart\" for option --format: unknown format \"smart\"",
                      "goal-state",
                      "--format=smart")));
      assertEquals("blocked: no peers", unit.status());
      assertEquals("1.2", juju.applicationVersion());
      assertEquals(
          List.of(
              "DEBUG magpie:1: two words",
              "WARNING Specified log level of \"loud\" is not valid",
              "INFO magpie:1: hello"),
          unit.logs());
      unit.inHook(
          "update-status",
          "",
          hook -> {
            String goal = hook.call("goal-state", "--format=json").stdout();
            assertEquals(
                "{\"units\":{\"magpie/0\":{\"status\":\"blocked\",\"since\":T},"
                    + "\"magpie/1\":{\"status\":\"unknown\",\"since\":T},"
                    + "\"magpie/2\":{\"status\":\"dying\",\"since\":T}},\"relations\":{}}\n",
                goal.replaceAll("\"2026-01-02 03:04:\\d\\dZ\"", "T"));
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void yamlIsWrittenAsGoWritesIt(JujuVersion version) {
    try (FakeJuju juju =
        FakeJuju.create(directory, version)
            .peerRelation("magpie")
            .config("float", 3.0)
            .config("large", 1.5e21)
            .units(11)
            .build()) {
      juju.publishApplication(
          "magpie",
          "k10",
          "two words",
          "k9",
          "yes",
          "K-1",
          "12:30",
          "k_1",
          " a: b",
          "lines",
          "one\ntwo\n",
          "tab",
          "a\tb",
          "bird",
          "\ud83d\udc26",
          "empty list",
          "[]",
          "quote",
          "'",
          "day",
          "2026-01-02",
          "long",
          "word ".repeat(20) + "end");
      juju.settle();
      juju.unit("magpie/1")
          .inHook(
              "magpie-relation-changed",
              "",
              hook -> {
                check(
                    hook,
                    ok(
                        "K-1: \"12:30\"\n"
                            + "bird: \"\\U0001F426\"\n"
                            + "day: \"2026-01-02\"\n"
                            + "empty list: '[]'\n"
                            + "k_1: ' a: b'\n"
                            + "k9: \"yes\"\n"
                            + "k10: two words\n"
                            + "lines: |\n  one\n  two\n"
                            + "long: "
                            + "word ".repeat(15)
                            + "word\n  word word word word end\n"
                            + "quote: ''''\n"
                            + "tab: \"a\\tb\"\n",
                        "relation-get"),
                    ok("", "relation-get", "--format=yaml", "missing"),
                    ok("", "config-get", "--format=yaml", "missing"),
                    ok("{}\n", "state-get", "--format=yaml"),
                    ok("{}\n", "state-get"),
                    ok("null\n", "state-get", "--format=json"),
                    ok("\"\"\n", "state-get", "--format=yaml", "missing"),
                    ok("float: 3\nlarge: 1.5e+21\n", "config-get"),
                    ok("{\"float\":3,\"large\":1.5e+21}\n", "config-get", "--format=json"),
                    ok("[]\n", "relation-ids", "--format=yaml", "nothing"));
                String[] goal = hook.call("goal-state").stdout().split("\n", -1);
                assertEquals(
                    List.of("units:", "  magpie/0:", "    status: unknown"),
                    List.of(goal).subList(0, 3));
                assertTrue(goal[3].matches("    since: 2026-01-02 03:04:\\d\\dZ"), goal[3]);
                assertEquals("  magpie/10:", goal[31]);
                assertEquals("relations: {}", goal[34]);
                String network = hook.call("network-get", "magpie").stdout();
                assertTrue(
                    network.startsWith(
                        "bind-addresses:\n- mac-address: 00:16:3e:00:00:01\n"
                            + "  interface-name: eth0\n  addresses:\n  - hostname: \"\"\n"
                            + "    value: 10.0.0.11\n    cidr: 10.0.0.0/16\n"
                            + "    address: 10.0.0.11\n  macaddress: 00:16:3e:00:00:01\n"
                            + "  interfacename: eth0\negress-subnets:\n- 10.0.0.11/32\n"),
                    network);
              });
    }
  }

  @ParameterizedTest
  @EnumSource
  void statusOfTheApplicationIsThatOfTheUnitsThereAre(JujuVersion version) {
    try (FakeJuju juju = juju(version)) {
      juju.unit("magpie/1").destroy();
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook ->
                  check(
                      hook,
                      ok("", "status-set", "--application", "active", "fine"),
                      ok("active\n", "status-get", "--application"),
                      ok(
                          "{\"application-status\":{\"status\":\"active\",\"units\":{"
                              + "\"magpie/0\":{\"status\":\"unknown\"},"
                              + "\"magpie/2\":{\"status\":\"unknown\"}}}}\n",
                          "status-get",
                          "--application",
                          "--format=json"),
                      ok(
                          "{\"application-status\":{\"message\":\"fine\",\"status\":\"active\","
                              + "\"status-data\":{},\"units\":{"
                              + "\"magpie/0\":{\"message\":\"\",\"status\":\"unknown\","
                              + "\"status-data\":{}},"
                              + "\"magpie/2\":{\"message\":\"\",\"status\":\"unknown\","
                              + "\"status-data\":{}}}}}\n",
                          "status-get",
                          "--application",
                          "--include-data",
                          "--format=json")));
    }
  }

  @Test
  void aHookAsksForItsStatusAndForLeaderSettingsOnce() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook -> {
                check(
                    hook,
                    ok("unknown\n", "status-get"),
                    ok("", "status-set", "active"),
                    ok("unknown\n", "status-get"),
                    ok("{}\n", "leader-get"),
                    ok("", "leader-set", "a=b"),
                    ok("a: b\n", "leader-get"));
                juju.unit("magpie/1")
                    .inHook(
                        "update-status",
                        "",
                        other -> {
                          check(other, ok("b\n", "leader-get", "a"));
                          check(hook, ok("", "leader-set", "a=c"));
                          check(other, ok("b\n", "leader-get", "a"));
                        });
              });
      assertEquals("active", juju.unit("magpie/0").status());
    }
  }

  @ParameterizedTest
  @EnumSource
  void formatOfToolsThatPrintNothingIsNotedEvenWhereTheyFail(JujuVersion version) {
    String note = "--format flag deprecated for command ";
    try (FakeJuju juju = juju(version)) {
      juju.unit("magpie/1")
          .inHook(
              "magpie-relation-created",
              "",
              hook ->
                  check(
                      hook,
                      new Row(
                          0,
                          "",
                          note + "\"juju-log\"",
                          List.of("juju-log", "--format=json", "hello")),
                      new Row(
                          1,
                          "",
                          note + "\"relation-set\"ERROR cannot write relation settings\n",
                          List.of("relation-set", "--format=json", "--app", "a=b")),
                      new Row(
                          1,
                          "",
                          note + "\"relation-set\"ERROR open none: no such file or directory\n",
                          List.of("relation-set", "--format", "x", "--file", "none")),
                      ok("", "juju-log", "-l", "WARN", "--format=", "careful"),
                      ok("", "juju-log", "-l", "", "plain")));
      assertEquals(
          List.of("INFO magpie:1: hello", "WARNING magpie:1: careful", "INFO magpie:1: plain"),
          juju.unit("magpie/1").logs());
    }
  }

  @ParameterizedTest
  @EnumSource
  void relationGetChecksNamesWhereJujuDoes(JujuVersion version) {
    try (FakeJuju juju = juju(version)) {
      juju.settle();
      juju.unit("magpie/0")
          .inHook(
              "magpie-relation-changed",
              "magpie/1",
              hook ->
                  check(
                      hook,
                      failed(
                          1,
                          "\"\" is not a valid unit or application",
                          "relation-get",
                          "--app",
                          "-",
                          "Not/A/Name"),
                      version == JujuVersion.JUJU_2_9
                          ? failed(
                              1,
                              "\"magpie/01\" is not a valid unit or application",
                              "relation-get",
                              "-",
                              "magpie/01")
                          : failed(
                              2,
                              "invalid unit name \"magpie/01\"",
                              "relation-get",
                              "-",
                              "magpie/01")));
    }
  }

  @Test
  void argumentsAreTrimmedAsGoTrims() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/0");
      unit.inHook(
          "update-status",
          "",
          hook ->
              check(
                  hook,
                  ok("", "state-set", "", "\u00a0k\u2007=\u0085\u00a0v\u202f\t", "s=\u001cx"),
                  failed(2, "expected \"key=value\", got \" \"", "state-set", " "),
                  failed(2, "expected \"key=value\", got \"=v\"", "state-set", "\u00a0 = v ")));
      assertEquals("{k=v, s=\u001cx}", unit.charmState().toString());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBrokenRelationHasNoMembersAndIsForgotten(JujuVersion version) {
    try (FakeJuju juju = juju(version)) {
      juju.settle();
      FakeUnit unit = juju.unit("magpie/0");
      unit.inHook(
          "magpie-relation-broken",
          "",
          hook ->
              check(
                  hook,
                  ok(version == JujuVersion.JUJU_2_9 ? "magpie:1\n" : "", "relation-ids"),
                  ok("[]\n", "relation-list", "--format=json"),
                  ok("magpie/1\nmagpie/2\n", "relation-list", "-r", "cluster:10")));
      unit.inHook(
          "update-status",
          "",
          hook ->
              check(
                  hook,
                  ok("[]\n", "relation-ids", "--format=json", "magpie"),
                  failed(
                      2,
                      "invalid value \"magpie:1\" for option -r: relation not found",
                      "relation-list",
                      "-r",
                      "magpie:1"),
                  ok("cluster:10\n", "relation-ids", "cluster")));
      juju.settle();
      assertEquals(List.of("magpie/2"), juju.unit("magpie/1").members("magpie"));
      assertEquals(List.of(), unit.members("magpie"));
      assertEquals(Optional.empty(), unit.due());
    }
  }

  @ParameterizedTest
  @EnumSource
  void commandsMayBeRunInARelation(JujuVersion version) {
    try (FakeJuju juju = juju(version)) {
      juju.settle();
      FakeUnit unit = juju.unit("magpie/0");
      HookRun run =
          unit.inHook(
              Hook.exec("magpie", "magpie/2"),
              hook -> {
                assertEquals("magpie:1", hook.environment().get("JUJU_RELATION_ID"));
                assertEquals("magpie/2", hook.environment().get("JUJU_REMOTE_UNIT"));
                assertEquals("", hook.environment().get("JUJU_REMOTE_APP"));
                assertEquals("", hook.environment().get("JUJU_HOOK_NAME"));
                check(
                    hook,
                    ok("magpie:1\n", "relation-ids"),
                    ok("magpie/1\nmagpie/2\n", "relation-list"),
                    ok("10.0.0.12\n", "relation-get", "ingress-address"),
                    ok("", "relation-set", "a=b"),
                    failed(2, "no unit or application specified", "relation-get", "--app"));
                hook.exit(1);
              });
      assertTrue(run.committed());
      assertEquals("b", unit.settings("magpie").get("a"));
      assertEquals(
          "ambiguous remote unit; possibilities are [magpie/1, magpie/2]",
          refused(unit, Hook.exec("magpie", "")));
      assertEquals(
          "unknown remote unit magpie/9; possibilities are [magpie/1, magpie/2]",
          refused(unit, Hook.exec("magpie", "magpie/9")));
    }
  }

  private static String refused(FakeUnit unit, Hook hook) {
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> unit.inHook(hook, context -> {}))
            .getMessage());
  }

  @Test
  void theAgentWritesOutputFilesRelativeToTheCaller() throws IOException {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/0");
      unit.inHook(
          "update-status",
          "",
          hook -> check(hook, ok("", "relation-ids", "-o", "ids.txt", "magpie")));
      assertEquals("magpie:1\n", Files.readString(unit.charmDirectory().resolve("ids.txt")));
    }
  }

  @Test
  void restrictedHooksHaveHardlyAnyTools() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_2_9)) {
      juju.unit("magpie/0")
          .inHook(
              "collect-metrics",
              "",
              hook ->
                  check(
                      hook,
                      failed(1, "not implemented for restricted context", "relation-ids", "x")));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRelationThatIsGoneFromTheControllerSaysSo(JujuVersion version) {
    String remote = version == JujuVersion.JUJU_4_0 ? "relation not found" : "permission denied";
    try (FakeJuju juju = juju(version)) {
      juju.settle();
      juju.removeRelation("magpie");
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook ->
                  check(
                      hook,
                      ok("magpie/1\nmagpie/2\n", "relation-list", "-r1"),
                      failed(1, remote, "relation-get", "-r1", "-", "magpie/1"),
                      failed(1, "permission denied", "relation-get", "-r1", "-", "magpie/0"),
                      failed(1, "permission denied", "network-get", "-r1", "magpie")));
    }
  }
}
