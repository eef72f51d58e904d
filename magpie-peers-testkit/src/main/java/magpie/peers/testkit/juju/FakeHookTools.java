/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The hook tools: arguments, messages and output of each, over the transaction of the hook.
 *
 * <p>Used under the monitor of the model.
 */
final class FakeHookTools {
  private static final int STATE_KEY_LIMIT = 256;
  private static final int STATE_VALUE_LIMIT = 65536;
  private static final List<String> STATUSES =
      List.of("maintenance", "blocked", "waiting", "active");
  private static final List<String> LEVELS =
      List.of("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL");
  private static final Pattern APPLICATION =
      Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*");
  private static final Pattern UNIT = Pattern.compile(APPLICATION.pattern() + "/(0|[1-9][0-9]*)");

  /** Thrown, without being a failure, by a tool that needs its standard input first. */
  static final class StdinWanted extends Exception {
    private static final long serialVersionUID = 1L;

    StdinWanted() {
      super("stdin wanted", null, false, false);
    }
  }

  /** Thrown, without being a failure, where usage is all that was asked for. */
  private static final class HelpWanted extends Exception {
    private static final long serialVersionUID = 1L;

    HelpWanted() {
      super("help wanted", null, false, false);
    }
  }

  /** Thrown where the agent itself would die. */
  static final class AgentPanic extends Exception {
    private static final long serialVersionUID = 1L;

    AgentPanic() {
      super("index out of range", null, false, false);
    }
  }

  private final FakeJujuModel model;
  private final UnitAgent unit;
  private final HookTransaction transaction;
  private final HookAgent.Call call;
  private final StringBuilder stderr = new StringBuilder();

  private FakeHookTools(
      FakeJujuModel model, UnitAgent unit, HookTransaction transaction, HookAgent.Call call) {
    this.model = model;
    this.unit = unit;
    this.transaction = transaction;
    this.call = call;
  }

  static HookAgent.Answer run(
      FakeJujuModel model, UnitAgent unit, HookTransaction transaction, HookAgent.Call call)
      throws StdinWanted, AgentPanic {
    FakeHookTools tools = new FakeHookTools(model, unit, transaction, call);
    try {
      String stdout = tools.run();
      return HookAgent.Answer.output(
          0, stdout.getBytes(UTF_8), tools.stderr.toString().getBytes(UTF_8));
    } catch (HelpWanted e) {
      String usage = "Usage: " + call.tool() + " [options] [arguments]\n";
      return HookAgent.Answer.output(0, usage.getBytes(UTF_8), new byte[0]);
    } catch (ToolFailure e) {
      return HookAgent.Answer.output(
          e.exitCode(), new byte[0], (tools.stderr + e.line()).getBytes(UTF_8));
    }
  }

  private String run() throws ToolFailure, HelpWanted, StdinWanted, AgentPanic {
    if (isRestricted() && !call.tool().equals("juju-log")) {
      throw ToolFailure.failed("not implemented for restricted context");
    }
    return switch (call.tool()) {
      case "relation-ids" -> relationIds();
      case "relation-list" -> relationList();
      case "relation-get" -> relationGet();
      case "relation-set" -> relationSet();
      case "relation-model-get" -> relationModelGet();
      case "network-get" -> networkGet();
      case "unit-get" -> unitGet();
      case "state-get" -> stateGet();
      case "state-set" -> stateSet();
      case "state-delete" -> stateDelete();
      case "goal-state" -> goalState();
      case "is-leader" -> isLeader();
      case "leader-get" -> leaderGet();
      case "leader-set" -> leaderSet();
      case "config-get" -> configGet();
      case "status-get" -> statusGet();
      case "status-set" -> statusSet();
      case "juju-log" -> jujuLog();
      case "application-version-set" -> applicationVersionSet();
      default -> throw ToolFailure.failed("bad request: unknown command: " + call.tool());
    };
  }

  private boolean isRestricted() {
    return !model.version().isFour()
        && List.of("collect-metrics", "meter-status-changed").contains(transaction.hook().name());
  }

  private static ToolArguments.Flags flags() {
    return new ToolArguments.Flags();
  }

  private static ToolArguments.Flags output() {
    return flags().output("smart", "yaml", "json");
  }

  private ToolArguments.Flags withRelation(ToolArguments.Flags flags) {
    return flags.value(this::relation, "relation", "r");
  }

  private ToolArguments arguments(ToolArguments.Flags flags) throws ToolFailure, HelpWanted {
    ToolArguments arguments = ToolArguments.parse(call.arguments(), flags);
    if (arguments.has("help")) {
      throw new HelpWanted();
    }
    return arguments;
  }

  private String print(ToolArguments arguments, Object value) throws ToolFailure {
    return print(arguments, value, "smart");
  }

  private String print(ToolArguments arguments, Object value, String format) throws ToolFailure {
    String text = ToolText.print(value, arguments.value("format", format));
    String file = arguments.value("output", "");
    if (file.isEmpty()) {
      return text;
    }
    try {
      Files.writeString(path(file), text);
      return "";
    } catch (IOException e) {
      throw ToolFailure.failed("open " + file + ": " + reason(e));
    }
  }

  private Path path(String file) throws ToolFailure {
    try {
      return Path.of(call.directory()).resolve(file);
    } catch (InvalidPathException e) {
      throw ToolFailure.failed("open " + file + ": " + reason(e));
    }
  }

  private static String reason(Exception e) {
    return e instanceof java.nio.file.NoSuchFileException
        ? "no such file or directory"
        : e instanceof java.nio.file.AccessDeniedException
            ? "permission denied"
            : e.getClass().getSimpleName() + " " + e.getMessage();
  }

  /** Returns what {@code --file} holds. */
  private Map<String, String> file(String file) throws ToolFailure, StdinWanted {
    if (file.equals("-")) {
      if (call.stdin().isEmpty()) {
        throw new StdinWanted();
      }
      return ToolInput.read(call.stdin().get());
    }
    try {
      return ToolInput.read(Files.readAllBytes(path(file)));
    } catch (IOException e) {
      throw ToolFailure.failed("open " + file + ": " + reason(e));
    }
  }

  private FakeJujuRelation relation(String id) throws ToolFailure {
    // Whatever stands before the colon is not looked at.
    String number = id.substring(id.lastIndexOf(':') + 1);
    if (!number.matches("[-+]?[0-9]{1,9}")) {
      throw ToolFailure.misused("invalid relation id");
    }
    int wanted = Integer.parseInt(number);
    return transaction.relations().stream()
        .filter(r -> r.number() == wanted)
        .findFirst()
        .orElseThrow(() -> ToolFailure.misused("relation not found"));
  }

  private FakeJujuRelation relation(ToolArguments arguments) throws ToolFailure {
    if (arguments.has("relation")) {
      return relation(arguments.value("relation", ""));
    }
    return transaction
        .relation()
        .orElseThrow(() -> ToolFailure.misused("no relation id specified"));
  }

  private String relationIds() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(output());
    arguments.atMost(1);
    String name = arguments.rest(0);
    if (arguments.rest().isEmpty()) {
      name =
          transaction
              .relation()
              .map(FakeJujuRelation::endpoint)
              .orElseThrow(
                  () ->
                      ToolFailure.misused(
                          model.version() == JujuVersion.JUJU_2_9
                              ? "no relation name specified"
                              : "no endpoint name specified"));
    }
    String endpoint = name;
    return print(
        arguments,
        transaction.relations().stream()
            .filter(r -> r.endpoint().equals(endpoint) && !transaction.isHidden(r))
            .map(FakeJujuRelation::id)
            .sorted()
            .toList());
  }

  private String relationList() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(withRelation(output()).bool("app"));
    FakeJujuRelation relation = relation(arguments);
    arguments.atMost(0);
    return arguments.has("app")
        ? print(arguments, model.application())
        : print(arguments, transaction.members(relation));
  }

  private String relationGet() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(withRelation(output()).bool("app"));
    FakeJujuRelation relation = relation(arguments);
    boolean application = arguments.has("app");
    String target = arguments.rest(1);
    if (arguments.rest().size() < 2) {
      String remoteUnit = transaction.hook().remoteUnit();
      boolean inRelation = transaction.relation().isPresent();
      if (!application && !remoteUnit.isEmpty()) {
        target = remoteUnit;
      } else if (inRelation && transaction.hook().kind() != Hook.Kind.EXEC) {
        target = model.application();
        application = true;
      } else {
        throw ToolFailure.misused("no unit or application specified");
      }
    } else if (application) {
      // A malformed name is not refused here; there is just no such unit.
      target =
          UNIT.matcher(target).matches()
              ? target.substring(0, target.indexOf('/'))
              : APPLICATION.matcher(target).matches() ? target : "";
    } else if (!UNIT.matcher(target).matches()) {
      boolean name = APPLICATION.matcher(target).matches();
      if (model.version() == JujuVersion.JUJU_2_9) {
        application = name;
      } else {
        throw ToolFailure.misused(
            name
                ? "expected unit name, got application name " + ToolText.quote(target)
                : "invalid unit name " + ToolText.quote(target));
      }
    }
    arguments.atMost(2);
    if (!UNIT.matcher(target).matches() && !APPLICATION.matcher(target).matches()) {
      throw ToolFailure.failed(ToolText.quote(target) + " is not a valid unit or application");
    }
    SortedMap<String, String> settings =
        application
            ? transaction.application(relation, target)
            : transaction.unit(relation, target);
    return print(arguments, keyOrAll(arguments.rest(0), settings, Optional.empty()));
  }

  private static Object keyOrAll(String key, SortedMap<String, String> map, Object otherwise) {
    if (key.isEmpty() || key.equals("-")) {
      return map;
    }
    return map.containsKey(key) ? map.get(key) : otherwise;
  }

  private String relationSet() throws ToolFailure, HelpWanted, StdinWanted {
    ToolArguments arguments =
        arguments(
            withRelation(flags()).bool("app").value(v -> {}, "file").value(v -> {}, "format"));
    FakeJujuRelation relation = relation(arguments);
    Map<String, String> settings = arguments.keyValues(0);
    noteFormat(arguments);
    Map<String, String> all = new LinkedHashMap<>();
    if (arguments.has("file")) {
      all.putAll(file(arguments.value("file", "")));
    }
    all.putAll(settings);
    transaction.set(relation, arguments.has("app"), all);
    return "";
  }

  /** Says of a flag that it means nothing, also if the tool fails afterwards. */
  private void noteFormat(ToolArguments arguments) {
    if (!arguments.value("format", "").isEmpty()) {
      stderr.append("--format flag deprecated for command ").append(ToolText.quote(call.tool()));
    }
  }

  private String relationModelGet() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(withRelation(output()));
    relation(arguments);
    arguments.atMost(0);
    return print(arguments, Map.of("uuid", model.uuid()));
  }

  private String networkGet() throws ToolFailure, HelpWanted, AgentPanic {
    ToolArguments arguments =
        arguments(
            withRelation(output())
                .bool("bind-address")
                .bool("ingress-address")
                .bool("egress-subnets")
                .bool("primary-address"));
    if (arguments.rest().isEmpty()) {
      throw ToolFailure.misused("no arguments specified");
    }
    String binding = arguments.rest(0);
    if (binding.isEmpty()) {
      throw ToolFailure.misused("no binding name specified");
    }
    arguments.atMost(1);
    Optional<FakeJujuRelation> relation =
        arguments.has("relation")
            ? Optional.of(relation(arguments.value("relation", "")))
            : transaction.relation();
    if (relation.isPresent() && relation.get().isGone()) {
      throw ToolFailure.failed("permission denied");
    }
    if (!model.hasBinding(binding) || !unit.addresses().hasInterface(binding)) {
      throw ToolFailure.failed("no network config found for binding " + ToolText.quote(binding));
    }
    List<String> addresses = unit.addresses().addresses(model.space(binding));
    List<String> ingress = unit.addresses().ingressAddresses(binding);
    List<String> asked = new ArrayList<>();
    for (String flag : List.of("egress-subnets", "ingress-address", "bind-address")) {
      if (arguments.has(flag)) {
        asked.add(flag);
      }
    }
    if (arguments.has("primary-address")) {
      if (!asked.isEmpty()) {
        throw ToolFailure.failed("--primary-address must be the only flag specified");
      }
      return print(arguments, first(addresses, binding, "primary"));
    }
    if (asked.isEmpty()) {
      return print(arguments, networkInfo(arguments, binding, addresses, ingress));
    }
    SortedMap<String, Object> values = new TreeMap<>();
    for (String flag : asked) {
      values.put(
          flag,
          switch (flag) {
            case "egress-subnets" -> unit.addresses().egressSubnets(binding);
            case "ingress-address" ->
                ingress.isEmpty() ? first(addresses, binding, "ingress") : ingress.get(0);
            default -> {
              if (addresses.isEmpty() && !model.version().isFour()) {
                throw new AgentPanic();
              }
              yield first(addresses, binding, "bind");
            }
          });
    }
    return print(arguments, values.size() == 1 ? values.values().iterator().next() : values);
  }

  private String first(List<String> addresses, String binding, String what) throws ToolFailure {
    if (addresses.isEmpty()) {
      throw ToolFailure.failed(
          String.format(
              Locale.ROOT,
              "no %s attached to space for binding %s",
              model.version().isFour() ? what + " address" : "addresses",
              ToolText.quote(binding)));
    }
    return FakeJujuSpace.host(addresses.get(0));
  }

  private Map<String, Object> networkInfo(
      ToolArguments arguments, String binding, List<String> addresses, List<String> ingress) {
    boolean json = arguments.value("format", "smart").equals("json");
    boolean machine = !model.isKubernetes();
    String mac = machine ? unit.addresses().mac(binding) : "";
    String device = machine ? unit.addresses().device(binding) : "";
    List<Object> listed = new ArrayList<>();
    for (String address : addresses) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("hostname", "");
      entry.put("value", FakeJujuSpace.host(address));
      entry.put("cidr", machine ? FakeJujuSpace.subnet(address) : "");
      if (!json) {
        entry.put("address", FakeJujuSpace.host(address));
      }
      listed.add(entry);
    }
    Map<String, Object> bind = new LinkedHashMap<>();
    bind.put("mac-address", mac);
    bind.put("interface-name", device);
    bind.put("addresses", listed);
    if (!json) {
      bind.put("macaddress", mac);
      bind.put("interfacename", device);
    }
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("bind-addresses", List.of(bind));
    List<String> egress = unit.addresses().egressSubnets(binding);
    if (!egress.isEmpty()) {
      info.put("egress-subnets", egress);
    }
    if (!ingress.isEmpty()) {
      info.put("ingress-addresses", ingress);
    }
    return info;
  }

  private String unitGet() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(output());
    if (arguments.rest().isEmpty()) {
      throw ToolFailure.misused("no setting specified");
    }
    String setting = arguments.rest(0);
    if (!setting.equals("private-address") && !setting.equals("public-address")) {
      throw ToolFailure.misused("unknown setting " + ToolText.quote(setting));
    }
    arguments.atMost(1);
    List<String> addresses = unit.addresses().addresses(model.space(""));
    if (setting.equals("public-address") && model.serviceAddress().isPresent()) {
      return print(arguments, model.serviceAddress().get());
    }
    if (addresses.isEmpty()) {
      throw ToolFailure.failed(setting.replace('-', ' ') + " not found");
    }
    return print(arguments, FakeJujuSpace.host(addresses.get(0)));
  }

  private String stateGet() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(output().bool("strict"));
    arguments.atMost(1);
    String key = arguments.rest(0);
    SortedMap<String, String> state = transaction.state();
    if (key.isEmpty() || key.equals("-")) {
      // An empty map, which JSON alone has a word for where Go has none.
      boolean json = arguments.value("format", "smart").equals("json");
      return print(arguments, state.isEmpty() && json ? Optional.empty() : state);
    }
    if (arguments.has("strict") && !state.containsKey(key)) {
      throw ToolFailure.failed(ToolText.quote(key) + " not found");
    }
    return print(arguments, state.getOrDefault(key, ""));
  }

  private String stateSet() throws ToolFailure, HelpWanted, StdinWanted {
    ToolArguments arguments = arguments(flags().value(v -> {}, "file"));
    Map<String, String> given = arguments.keyValues(0);
    Map<String, String> all = new LinkedHashMap<>();
    if (arguments.has("file")) {
      all.putAll(file(arguments.value("file", "")));
    }
    all.putAll(given);
    for (Map.Entry<String, String> entry : all.entrySet()) {
      checkStateLimit("key", entry.getKey(), STATE_KEY_LIMIT);
      checkStateLimit("value", entry.getValue(), STATE_VALUE_LIMIT);
    }
    transaction.state().putAll(all);
    transaction.stateChanged();
    return "";
  }

  private void checkStateLimit(String what, String text, int limit) throws ToolFailure {
    if (text.getBytes(UTF_8).length > limit) {
      String message = "max allowed " + what + " length (" + limit + ")";
      throw ToolFailure.failed(
          message + (model.version().isFour() ? ": quota limit exceeded" : " exceeded"));
    }
  }

  private String stateDelete() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(flags());
    arguments.atMost(1);
    if (transaction.state().remove(arguments.rest(0)) != null) {
      transaction.stateChanged();
    }
    return "";
  }

  private String goalState() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(flags().output("yaml", "json"));
    arguments.atMost(0);
    SortedMap<String, Object> units = new TreeMap<>();
    for (UnitAgent other : model.units().values()) {
      if (!other.isDead()) {
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("status", other.isDying() ? "dying" : other.workloadStatus());
        status.put("since", other.statusSince());
        units.put(other.name(), status);
      }
    }
    Map<String, Object> goal = new LinkedHashMap<>();
    goal.put("units", units);
    goal.put("relations", Map.of());
    return print(arguments, goal, "yaml");
  }

  private String isLeader() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(output());
    arguments.atMost(0);
    return print(arguments, transaction.isLeader());
  }

  private String leaderGet() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(output());
    String key = arguments.rest(0);
    if (key.contains("=")) {
      throw ToolFailure.misused("invalid key " + ToolText.quote(key));
    }
    arguments.atMost(1);
    return print(arguments, keyOrAll(key, transaction.leaderSettings(), Optional.empty()));
  }

  private String leaderSet() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(flags());
    Map<String, String> settings = arguments.keyValues(0);
    if (!transaction.isLeader()) {
      throw ToolFailure.failed(
          "cannot write leadership settings: cannot write settings: not the leader");
    }
    transaction.setForLeader(settings);
    return "";
  }

  private String configGet() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(output().bool("all", "a"));
    String key = arguments.rest(0);
    if (arguments.has("all") && !key.isEmpty()) {
      throw ToolFailure.misused(
          "cannot use argument --all together with key " + ToolText.quote(key));
    }
    arguments.atMost(1);
    SortedMap<String, Object> config = transaction.config();
    if (!key.isEmpty()) {
      return print(arguments, config.getOrDefault(key, Optional.empty()));
    }
    SortedMap<String, Object> shown = new TreeMap<>(config);
    if (!arguments.has("all")) {
      shown.values().removeIf(Optional.empty()::equals);
    }
    return print(arguments, shown);
  }

  private String statusGet() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(output().bool("include-data").bool("application"));
    arguments.atMost(0);
    boolean application = arguments.has("application");
    if (application && !transaction.isLeader()) {
      throw ToolFailure.failed("finding application status: this unit is not the leader");
    }
    boolean includeData = arguments.has("include-data");
    HookTransaction.Status status =
        application
            ? new HookTransaction.Status(model.applicationStatus(), model.applicationMessage())
            : transaction.unitStatus();
    if (!includeData && arguments.value("format", "smart").equals("smart")) {
      return print(arguments, status.status());
    }
    SortedMap<String, Object> details = details(status, includeData);
    if (!application) {
      return print(arguments, details);
    }
    SortedMap<String, Object> units = new TreeMap<>();
    for (UnitAgent other : model.units().values()) {
      if (!other.isDead()) {
        units.put(
            other.name(),
            details(
                new HookTransaction.Status(other.workloadStatus(), other.statusMessage()),
                includeData));
      }
    }
    details.put("units", units);
    return print(arguments, Map.of("application-status", details));
  }

  private static SortedMap<String, Object> details(
      HookTransaction.Status status, boolean includeData) {
    SortedMap<String, Object> details = new TreeMap<>();
    details.put("status", status.status());
    if (includeData) {
      details.put("message", status.message());
      details.put("status-data", Map.of());
    }
    return details;
  }

  private String statusSet() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(flags().bool("application"));
    if (arguments.rest().isEmpty()) {
      throw ToolFailure.misused("invalid args, require <status> [message]");
    }
    String status = arguments.rest(0);
    if (!STATUSES.contains(status)) {
      throw ToolFailure.misused(
          "invalid status "
              + ToolText.quote(status)
              + ", expected one of ["
              + String.join(" ", STATUSES)
              + "]");
    }
    arguments.atMost(2);
    if (arguments.has("application")) {
      if (!transaction.isLeader()) {
        throw ToolFailure.failed("this unit is not the leader");
      }
      model.applicationStatus(status, arguments.rest(1));
    } else {
      unit.status(status, arguments.rest(1));
    }
    return "";
  }

  private String jujuLog() throws ToolFailure, HelpWanted {
    ToolArguments arguments =
        arguments(flags().bool("debug").value(v -> {}, "log-level", "l").value(v -> {}, "format"));
    if (arguments.rest().isEmpty()) {
      throw ToolFailure.misused("no message specified");
    }
    noteFormat(arguments);
    String given = arguments.value("log-level", "");
    String level = given.isEmpty() ? "INFO" : given.toUpperCase(Locale.ROOT);
    if (arguments.has("debug")) {
      level = "DEBUG";
    } else if (level.equals("WARN")) {
      level = "WARNING";
    } else if (!LEVELS.contains(level)) {
      unit.log("WARNING Specified log level of " + ToolText.quote(given) + " is not valid");
      level = "INFO";
    }
    String prefix = transaction.relation().map(r -> r.id() + ": ").orElse("");
    unit.log(level + " " + prefix + String.join(" ", arguments.rest()));
    return "";
  }

  private String applicationVersionSet() throws ToolFailure, HelpWanted {
    ToolArguments arguments = arguments(flags());
    if (arguments.rest().isEmpty()) {
      throw ToolFailure.misused("no version specified");
    }
    arguments.atMost(1);
    model.applicationVersion(arguments.rest(0));
    return "";
  }
}
