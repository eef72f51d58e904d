/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Serves the hook tools during one hook: checks, records and spoils their calls. */
final class HookSession implements HookAgent.Service {
  private static final byte[] NOTHING = new byte[0];

  /** A call while it is served, and afterwards. */
  static final class RecordedCall {
    private final int number;
    private final String unit;
    private final Hook hook;
    private final HookAgent.Call call;
    private final Optional<Fault> fault;
    private Optional<String> stdin = Optional.empty();
    private OptionalInt exitCode = OptionalInt.empty();

    RecordedCall(int number, String unit, Hook hook, HookAgent.Call call, Optional<Fault> fault) {
      this.number = number;
      this.unit = unit;
      this.hook = hook;
      this.call = call;
      this.fault = fault;
    }

    ToolCall snapshot() {
      return new ToolCall(
          number,
          unit,
          hook,
          call.contextId(),
          call.tool(),
          call.arguments(),
          call.directory(),
          stdin,
          exitCode,
          fault);
    }
  }

  /** A fault that waits for its call. */
  static final class ArmedFault {
    private final Fault fault;
    private int matched;

    ArmedFault(Fault fault) {
      this.fault = fault;
    }
  }

  private final FakeJujuModel model;
  private final UnitAgent unit;
  private final HookTransaction transaction;
  private final String contextId;
  private final HookProcess.Launcher launcher;
  private final List<RecordedCall> calls = new ArrayList<>();
  private final Map<Integer, RecordedCall> bySerial = new HashMap<>();

  HookSession(
      FakeJujuModel model,
      UnitAgent unit,
      HookTransaction transaction,
      String contextId,
      HookProcess.Launcher launcher) {
    this.model = model;
    this.unit = unit;
    this.transaction = transaction;
    this.contextId = contextId;
    this.launcher = launcher;
  }

  /** Returns the calls so far; under the monitor of the model. */
  List<ToolCall> calls() {
    return calls.stream().map(RecordedCall::snapshot).toList();
  }

  @Override
  public HookAgent.Answer serve(HookAgent.Call call, HookAgent agent) throws InterruptedException {
    RecordedCall recorded;
    synchronized (model) {
      recorded = bySerial.computeIfAbsent(call.serial(), any -> record(call));
      recorded.stdin = call.stdin().map(bytes -> new String(bytes, UTF_8));
    }
    if (recorded.fault.isPresent()
        && recorded.fault.get().action() == Fault.Action.SLOW
        && call.stdin().isEmpty()) {
      // Not under the monitor: only this unit is slow.
      agent.sleep(recorded.fault.get().amount());
    }
    synchronized (model) {
      HookAgent.Answer answer =
          recorded.fault.isPresent() ? spoilt(call, recorded.fault.get()) : answer(call);
      if (answer.ending() == HookAgent.Ending.OUTPUT) {
        recorded.exitCode = OptionalInt.of(answer.exitCode());
      }
      return answer;
    }
  }

  private RecordedCall record(HookAgent.Call call) {
    Optional<Fault> fault = fault(call);
    RecordedCall recorded =
        new RecordedCall(model.calls().size() + 1, unit.name(), transaction.hook(), call, fault);
    model.calls().add(recorded);
    calls.add(recorded);
    return recorded;
  }

  private Optional<Fault> fault(HookAgent.Call call) {
    for (ArmedFault armed : List.copyOf(model.faults())) {
      if (armed.fault.matches(
          unit.name(), transaction.hook().name(), call.tool(), call.arguments())) {
        armed.matched++;
        if (armed.fault.spentAfter(armed.matched)) {
          model.faults().remove(armed);
        }
        if (armed.fault.strikesAt(armed.matched)) {
          return Optional.of(armed.fault);
        }
      }
    }
    return Optional.empty();
  }

  private HookAgent.Answer spoilt(HookAgent.Call call, Fault fault) {
    return switch (fault.action()) {
      case EXIT ->
          HookAgent.Answer.output((int) fault.amount(), NOTHING, fault.text().getBytes(UTF_8));
      case HANG -> HookAgent.Answer.of(HookAgent.Ending.SILENCE);
      case HANG_IN_CHILD -> HookAgent.Answer.of(HookAgent.Ending.HANG_IN_CHILD);
      case KILL -> HookAgent.Answer.of(HookAgent.Ending.KILL);
      case CHARM_DIES -> HookAgent.Answer.of(HookAgent.Ending.KILL).killing(charm());
      case CHARM_DIES_AFTERWARDS -> {
        HookAgent.Answer answer = answer(call);
        yield answer.ending() == HookAgent.Ending.OUTPUT ? answer.killing(charm()) : answer;
      }
      case AGENT_DIES -> HookAgent.Answer.of(HookAgent.Ending.AGENT_DIES);
      case SLOW -> answer(call);
      case STDOUT, TRUNCATE, STDERR_FLOOD, STDOUT_FLOOD -> spoiltOutput(answer(call), fault);
    };
  }

  /** The processes that are the charm in this hook. */
  private List<Long> charm() {
    List<Long> processes = launcher.processes(contextId);
    if (processes.isEmpty()) {
      throw new IllegalStateException(
          "expected a charm to kill that is a process of its own, found that "
              + transaction.hook()
              + " runs inside this one; run it with a command");
    }
    return processes;
  }

  private static HookAgent.Answer spoiltOutput(HookAgent.Answer good, Fault fault) {
    if (good.ending() != HookAgent.Ending.OUTPUT) {
      return good;
    }
    byte[] stdout = good.stdout();
    byte[] stderr = good.stderr();
    return switch (fault.action()) {
      case STDOUT -> HookAgent.Answer.output(0, fault.text().getBytes(UTF_8), NOTHING);
      case TRUNCATE ->
          HookAgent.Answer.output(
              0, Arrays.copyOf(stdout, (int) Math.min(stdout.length, fault.amount())), NOTHING);
      case STDERR_FLOOD ->
          HookAgent.Answer.output(good.exitCode(), stdout, joined(flood(fault.amount()), stderr));
      case STDOUT_FLOOD ->
          HookAgent.Answer.output(good.exitCode(), joined(stdout, flood(fault.amount())), stderr);
      default -> good;
    };
  }

  private static byte[] flood(long bytes) {
    byte[] flood = new byte[Math.toIntExact(bytes)];
    for (int i = 0; i < flood.length; i++) {
      flood[i] = (byte) (i % 80 == 79 ? '\n' : '#');
    }
    return flood;
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private HookAgent.Answer answer(HookAgent.Call call) {
    if (!call.contextId().equals(contextId)) {
      return badRequest("wrong context ID; got " + ToolText.quote(call.contextId()));
    }
    if (!model.version().tools().contains(call.tool())) {
      return badRequest("unknown command: " + call.tool());
    }
    try {
      return FakeHookTools.run(model, unit, transaction, call);
    } catch (FakeHookTools.StdinWanted e) {
      return HookAgent.Answer.of(HookAgent.Ending.STDIN_WANTED);
    } catch (FakeHookTools.AgentPanic e) {
      return HookAgent.Answer.of(HookAgent.Ending.AGENT_DIES);
    }
  }

  private static HookAgent.Answer badRequest(String what) {
    return HookAgent.Answer.output(
        ToolFailure.FAILED, NOTHING, ("ERROR bad request: " + what + "\n").getBytes(UTF_8));
  }
}
