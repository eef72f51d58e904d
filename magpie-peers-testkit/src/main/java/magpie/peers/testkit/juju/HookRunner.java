/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Runs the hooks of all units: prepares, serves the hook's tools while it runs, and commits or
 * discards what it did.
 */
final class HookRunner implements AutoCloseable {
  private final FakeJujuModel model;
  private final UnitDirectories directories;
  private final HookProcess.Launcher launcher;
  private final String path;
  private final String modelName;
  private final Map<String, String> variables;
  private final Consumer<HookRun> observer;
  private final Set<HookAgent> agents = ConcurrentHashMap.newKeySet();

  /** Guarded by the model's monitor. */
  private final List<HookRun> runs = new ArrayList<>();

  private volatile boolean closed;

  HookRunner(
      FakeJujuModel model,
      UnitDirectories directories,
      HookProcess.Launcher launcher,
      String path,
      String modelName,
      Map<String, String> variables,
      Consumer<HookRun> observer) {
    this.model = model;
    this.directories = directories;
    this.launcher = launcher;
    this.path = path;
    this.modelName = modelName;
    this.variables = variables;
    this.observer = observer;
  }

  UnitDirectories directories() {
    return directories;
  }

  /** Returns all runs so far, in the order in which they ended, a copy. */
  List<HookRun> runs() {
    synchronized (model) {
      return List.copyOf(runs);
    }
  }

  private record Outcome(int exitCode, String stdout, String stderr, String failure) {
    static Outcome exit(int exitCode) {
      return new Outcome(exitCode, "", "", exitCode == 0 ? "" : "exit status " + exitCode);
    }

    static Outcome thrown(Throwable cause) {
      return new Outcome(1, "", "", cause.toString());
    }
  }

  private interface Work<E extends Exception> {
    Outcome run(HookContext context) throws E;
  }

  HookRun run(UnitAgent unit, Hook hook, List<String> command) {
    try {
      return execute(
          unit,
          hook,
          context -> {
            List<String> words = command.isEmpty() ? handler(context) : command;
            if (words.isEmpty()) {
              return Outcome.exit(0);
            }
            HookProcess.Result result =
                launcher.launch(words, context.environment(), context.directory(), "");
            String failure =
                result.timedOut()
                    ? "killed, it ran longer than " + launcher.deadline()
                    : Outcome.exit(result.exitCode()).failure();
            return new Outcome(result.exitCode(), result.stdout(), result.stderr(), failure);
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  <E extends Exception> HookRun inHook(UnitAgent unit, Hook hook, HookContext.Body<E> body)
      throws E {
    return execute(
        unit,
        hook,
        context -> {
          body.run(context);
          return Outcome.exit(context.exitCode());
        });
  }

  /** Runs a hook in this process that fails, and no more, where its body throws an exception. */
  HookRun attempt(UnitAgent unit, Hook hook, HookContext.Body<Exception> body) {
    return execute(
        unit,
        hook,
        context -> {
          try {
            body.run(context);
            return Outcome.exit(context.exitCode());
          } catch (Exception e) {
            return Outcome.thrown(e);
          }
        });
  }

  /** Finds what Juju would run: dispatch for everything, else the hook's own file, else nothing. */
  private static List<String> handler(HookContext context) {
    Path dispatch = context.directory().resolve("dispatch");
    if (Files.exists(dispatch)) {
      return List.of(dispatch.toString());
    }
    String own = context.environment().getOrDefault("JUJU_DISPATCH_PATH", "");
    Path handler = context.directory().resolve(own);
    return own.isEmpty() || !Files.exists(handler) ? List.of() : List.of(handler.toString());
  }

  private <E extends Exception> HookRun execute(UnitAgent unit, Hook asked, Work<E> work) throws E {
    requireOpen();
    if (unit.running().isHeldByCurrentThread()) {
      throw new IllegalStateException(
          "expected " + unit.name() + " to be idle, the calling thread runs a hook of it");
    }
    unit.running().lock();
    try {
      return executeAlone(unit, asked, work);
    } finally {
      unit.running().unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("expected an open FakeJuju, it is closed");
    }
  }

  private <E extends Exception> HookRun executeAlone(UnitAgent unit, Hook asked, Work<E> work)
      throws E {
    Hook hook;
    int attempt;
    long version;
    String contextId;
    HookSession session;
    HookTransaction transaction;
    Set<String> missing;
    synchronized (model) {
      hook = unit.resolve(asked);
      attempt = unit.failed().equals(Optional.of(hook)) ? unit.attempts() + 1 : 1;
      version = unit.versionAtStart(hook);
      contextId = contextId(unit, hook);
      Optional<FakeJujuRelation> relation =
          hook.inRelation() ? Optional.of(model.relation(hook.relation())) : Optional.empty();
      transaction = new HookTransaction(model, unit, hook, relation);
      session = new HookSession(model, unit, transaction, contextId, launcher);
      missing = Set.copyOf(model.missingTools());
      unit.begin(hook);
    }
    directories.prepare(unit, missing);
    HookEnvironment.Place place =
        new HookEnvironment.Place(
            directories.tools(unit),
            directories.charm(unit),
            directories.socket(unit),
            path,
            modelName,
            variables);
    Map<String, String> environment = HookEnvironment.of(model, unit, hook, contextId, place);
    HookContext context =
        new HookContext(unit.name(), hook, environment, place.charm(), place.tools(), launcher);
    Outcome outcome;
    boolean threw = true;
    HookAgent agent = HookAgent.listen(directories.socket(unit), session, unit.name());
    agents.add(agent);
    try {
      // Again: closing may have looked for agents just before this one was there.
      requireOpen();
      outcome = work.run(context);
      threw = false;
    } finally {
      agents.remove(agent);
      agent.close();
      if (threw) {
        synchronized (model) {
          fail(unit, hook);
        }
      }
    }
    HookRun run;
    synchronized (model) {
      HookTransaction.Commit commit = HookTransaction.Commit.NOTHING;
      String failure = agent.isDead() ? "the agent died" : outcome.failure();
      boolean flush = failure.isEmpty() || (hook.kind() == Hook.Kind.EXEC && !agent.isDead());
      boolean committed = false;
      if (flush) {
        try {
          commit = transaction.commit();
          committed = true;
        } catch (ToolFailure e) {
          failure = "cannot commit: " + e.getMessage();
        }
      }
      if (committed) {
        unit.done(hook, version);
      } else {
        fail(unit, hook);
        failure = "hook failed: " + ToolText.quote(hook.name()) + " (" + failure + ")";
      }
      run =
          new HookRun(
              unit.name(),
              hook,
              attempt,
              contextId,
              environment,
              outcome.exitCode(),
              outcome.stdout(),
              outcome.stderr(),
              committed,
              failure,
              session.calls(),
              commit.unitSettings(),
              commit.applicationSettings(),
              commit.state(),
              commit.deletedState());
      runs.add(run);
    }
    observer.accept(run);
    return run;
  }

  private static void fail(UnitAgent unit, Hook hook) {
    // An action or command that fails leaves the unit as it is.
    if (hook.kind() != Hook.Kind.ACTION && hook.kind() != Hook.Kind.EXEC) {
      unit.failed(hook);
    }
  }

  private String contextId(UnitAgent unit, Hook hook) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      byte[] digest = sha.digest(("context " + model.nextContext()).getBytes(UTF_8));
      return unit.name() + "-" + hook.name() + "-" + HexFormat.of().formatHex(digest, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Kills the processes that still run, and ends what serves them. */
  @Override
  public void close() {
    closed = true;
    launcher.close();
    agents.forEach(HookAgent::close);
  }
}
