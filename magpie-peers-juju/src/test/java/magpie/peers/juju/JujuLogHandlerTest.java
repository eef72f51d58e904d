/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.logging.ErrorManager;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.ToolCall;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JujuLogHandlerTest {
  @TempDir Path directory;
  private FakeJuju juju;
  private FakeUnit unit;
  private final List<String> errors = new ArrayList<>();

  @BeforeEach
  void twoUnits() {
    juju = HookScene.settled(directory, 2);
    unit = juju.unit("magpie/0");
  }

  @AfterEach
  void end() {
    juju.close();
  }

  private HookRun inHook(Hook hook, Consumer<JujuLogHandler> work) {
    return unit.inHook(
        hook,
        context -> {
          JujuLogHandler handler = new JujuLogHandler(HookScene.environment(context));
          handler.setErrorManager(
              new ErrorManager() {
                @Override
                public void error(String message, Exception e, int code) {
                  assertEquals(null, e, "its stack trace would be printed");
                  assertEquals(WRITE_FAILURE, code);
                  errors.add(message);
                }
              });
          work.accept(handler);
          handler.close();
        });
  }

  private HookRun inHook(Consumer<JujuLogHandler> work) {
    return inHook(Hook.named("update-status"), work);
  }

  private static LogRecord record(Level level, String message, Object... parameters) {
    LogRecord record = new LogRecord(level, message);
    record.setLoggerName("charm");
    record.setParameters(parameters);
    return record;
  }

  @Test
  void everyLevelArrivesAsOneOfJujus() {
    HookRun run =
        inHook(
            handler -> {
              handler.setLevel(Level.ALL);
              for (Level level :
                  List.of(
                      Level.SEVERE,
                      Level.WARNING,
                      Level.INFO,
                      Level.CONFIG,
                      Level.FINE,
                      Level.FINER,
                      Level.FINEST)) {
                handler.publish(record(level, "said at " + level.getName()));
              }
            });

    assertEquals(
        List.of(
            "ERROR charm: said at SEVERE",
            "WARNING charm: said at WARNING",
            "INFO charm: said at INFO",
            "DEBUG charm: said at CONFIG",
            "DEBUG charm: said at FINE",
            "TRACE charm: said at FINER",
            "TRACE charm: said at FINEST"),
        unit.logs());
    assertEquals(
        List.of("-l", "ERROR", "--", "charm: said at SEVERE"), run.calls().get(0).arguments());
  }

  @Test
  void takesInfoAndAboveUnlessToldOtherwise() {
    HookRun run =
        inHook(
            handler -> {
              handler.publish(record(Level.INFO, "heard"));
              handler.publish(record(Level.FINE, "not heard"));
              handler.setFilter(record -> false);
              handler.publish(record(Level.SEVERE, "filtered"));
            });

    assertEquals(List.of("INFO charm: heard"), unit.logs());
    assertEquals(1, run.calls().size());
  }

  @Test
  void formatsParametersAndCausesAndKeepsEveryCharacter() {
    inHook(
        Hook.joined("magpie", "magpie/1"),
        handler -> {
          handler.publish(record(Level.INFO, "{0} of {1}", 1, "two"));
          LogRecord thrown = record(Level.SEVERE, "failed");
          thrown.setThrown(new IllegalStateException("a", new IllegalArgumentException("b")));
          handler.publish(thrown);
          LogRecord nameless = new LogRecord(Level.INFO, "--help $(id) 'é🦉'\nline\0end");
          handler.publish(nameless);
        });

    assertEquals(
        List.of(
            "INFO magpie:1: charm: 1 of two",
            "ERROR magpie:1: charm: failed; java.lang.IllegalStateException: a;"
                + " java.lang.IllegalArgumentException: b",
            "INFO magpie:1: --help $(id) 'é🦉'\nline\\0end"),
        unit.logs());
    assertEquals(List.of(), errors);
  }

  @Test
  void nothingThatATerminalActsOnReachesTheLog() {
    inHook(
        handler -> {
          handler.publish(record(Level.INFO, "\u001b]52;c;eA==\u0007\u009b2J\u202e\r\t<\nnext"));
          LogRecord thrown = record(Level.SEVERE, "failed");
          thrown.setThrown(new IllegalStateException("\u001b[2J"));
          handler.publish(thrown);
        });

    assertEquals(
        List.of(
            "INFO charm: \\u001b]52;c;eA==\\u0007\\u009b2J\\u202e\\r\\t<\nnext",
            "ERROR charm: failed; java.lang.IllegalStateException: \\u001b[2J"),
        unit.logs());
    assertEquals(List.of(), errors);
  }

  @Test
  void causesInACircleComeToAnEnd() {
    IllegalStateException first = new IllegalStateException("first");
    IllegalStateException second = new IllegalStateException("second", first);
    first.initCause(second);
    inHook(
        handler -> {
          LogRecord record = record(Level.SEVERE, "failed");
          record.setThrown(first);
          handler.publish(record);
        });

    assertEquals(
        "ERROR charm: failed"
            + ("; java.lang.IllegalStateException: first; java.lang.IllegalStateException: second")
                .repeat(8),
        unit.logs().get(0));
  }

  /** The kernel refuses an argument of 128 KiB, counted in bytes. */
  @Test
  void aLongMessageArrivesInPartsWithoutLoss() {
    String text = "é🦉x".repeat(60_000);
    HookRun run = inHook(handler -> handler.publish(new LogRecord(Level.INFO, text)));

    List<String> parts = run.calls().stream().map(call -> call.arguments().get(3)).toList();
    assertEquals(text, String.join("", parts));
    assertEquals(5, parts.size());
    assertTrue(parts.stream().allMatch(part -> part.getBytes(UTF_8).length <= 100_000));
    assertEquals(List.of(), errors);
  }

  @Test
  void anEmptyMessageIsNone() {
    HookRun run = inHook(handler -> handler.publish(new LogRecord(Level.INFO, "")));

    assertEquals(List.of(), run.calls());
  }

  @Test
  void aToolThatFailsHarmsNobody() {
    juju.inject(Fault.exit(1, "ERROR connection is shut down").on("juju-log"));
    inHook(
        handler -> {
          handler.publish(record(Level.INFO, "lost"));
          handler.publish(record(Level.INFO, "kept"));
        });

    assertEquals(List.of("INFO charm: kept"), unit.logs());
    assertEquals(1, errors.size());
    assertEquals(
        "juju-log did not take a record: hook tool juju-log -l INFO -- \"charm: lost\": expected"
            + " success; exit code 1, stderr \"ERROR connection is shut down\"; the hook is to fail,"
            + " so that Juju runs it again",
        errors.get(0));
  }

  @Test
  void afterItsEndNothingIsSentAndNothingIsWrong() {
    HookRun run =
        inHook(
            handler -> {
              handler.flush();
              handler.close();
              handler.publish(record(Level.SEVERE, "too late"));
            });

    assertEquals(List.of(), run.calls());
    assertEquals(List.of(), errors);
  }

  @Test
  void installedItTakesAllLoggingOfTheProcessOfBothKinds() {
    Logger root = Logger.getLogger("");
    Handler[] before = root.getHandlers();
    try {
      HookRun run =
          unit.inHook(
              "update-status",
              "",
              context -> {
                try (Closing handler =
                    new Closing(JujuLogHandler.install(HookScene.environment(context)))) {
                  assertEquals(1, root.getHandlers().length);
                  assertSame(handler.handler, root.getHandlers()[0]);
                  Logger.getLogger("by.jul").warning("one");
                  System.getLogger("by.system").log(System.Logger.Level.INFO, "two {0}", 2);
                }
              });
      assertEquals(
          List.of("WARNING by.jul: one", "INFO by.system: two 2"),
          unit.logs().stream().filter(line -> line.contains(" by.")).toList());
      assertEquals(
          List.of("juju-log"), run.calls().stream().map(ToolCall::tool).distinct().toList());
    } finally {
      for (Handler handler : root.getHandlers()) {
        root.removeHandler(handler);
      }
      for (Handler handler : before) {
        root.addHandler(handler);
      }
    }
    assertEquals(Optional.empty(), errors.stream().findAny());
  }

  private record Closing(JujuLogHandler handler) implements AutoCloseable {
    @Override
    public void close() {
      handler.close();
    }
  }
}
