/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import magpie.peers.Environment;
import magpie.peers.PeerId;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.text.Quote;
import magpie.peers.topology.MalformedTopologyException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The {@code magpie-peers} command.
 *
 * <p>It ends with one of these codes: 0, all went well (also when the reader of the output went
 * away, as {@code head} does); 1, the operation failed; 2, wrong usage; 3, the input has problems;
 * 4, the peers differ from those declared; 5, a declared address was not reached. Interrupted, it
 * ends as any JVM does: 130 after SIGINT, 143 after SIGTERM.
 */
@Command(
    name = "magpie-peers",
    description = {
      "Shows who the peers of this node are, and at which address each is reached.",
      "",
      "--topology chooses the backend local and --etcd the backend etcd, unless --backend says"
          + " otherwise. Notices are"
          + " remembered in XDG_STATE_HOME/magpie-peers, else HOME/.local/state/magpie-peers. Every"
          + " common option but --format can also be set by a variable, for all peer sets or for one,"
          + " such as MAGPIE_TOPOLOGY, MAGPIE_STORAGE_TOPOLOGY, MAGPIE_PEERS_SELF (--as) and"
          + " MAGPIE_DEBUG=true; the option takes precedence."
    },
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    abbreviateSynopsis = true,
    synopsisHeading = "Usage: ",
    descriptionHeading = "%n",
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    commandListHeading = "%nCommands:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all went well, also when the reader of the output went away",
      "1:the operation failed: no backend, a source or state that cannot be read, ...",
      "2:wrong usage",
      "3:the input has problems: a topology or another file with errors",
      "4:drift: the live peer set is not as declared",
      "5:reach: a declared address was not reached",
      "130, 143:ended by SIGINT or SIGTERM"
    },
    footerHeading = "%nExample:%n",
    footer = "  magpie-peers nodes --topology bench.magpie.yaml --as magpie/0 --network storage")
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
public final class Main {
  static final int FAILED = 1;
  static final int USAGE = 2;
  static final int PROBLEMS = 3;
  static final int DRIFT = 4;

  /** Every command by its name, in the order of the help. */
  private static final Map<String, Class<? extends PeersCommand>> COMMANDS = new LinkedHashMap<>();

  static {
    COMMANDS.put("nodes", NodesCommand.class);
    COMMANDS.put("explain", ExplainCommand.class);
    COMMANDS.put("check", CheckCommand.class);
    COMMANDS.put("watch", WatchCommand.class);
    COMMANDS.put("notices", NoticesCommand.class);
    COMMANDS.put("dismiss", DismissCommand.class);
    COMMANDS.put("publish", PublishCommand.class);
    COMMANDS.put("record", RecordCommand.class);
    COMMANDS.put("drift", DriftCommand.class);
    COMMANDS.put("graph", GraphCommand.class);
    COMMANDS.put("join", JoinCommand.class);
    COMMANDS.put("leave", LeaveCommand.class);
    COMMANDS.put("forget", ForgetCommand.class);
    COMMANDS.put("listen", ListenCommand.class);
    COMMANDS.put("reach", ReachCommand.class);
    COMMANDS.put("import", ImportCommand.class);
    COMMANDS.put("completion", CompletionCommand.class);
  }

  private final Environment environment;
  private final Output output;
  private final PrintStream errors;

  @Spec private CommandSpec spec;

  @Option(
      names = "--topology",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      completionCandidates = Known.Files.class,
      description = "the topology file of the backend local")
  private @Nullable String topology;

  @Option(
      names = "--etcd",
      paramLabel = "ENDPOINTS",
      scope = ScopeType.INHERIT,
      description = "the servers of the backend etcd: HOST:PORT,...")
  private @Nullable String etcd;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      completionCandidates = Known.Backends.class,
      description = "the backend (default: the one that applies)")
  private @Nullable String backend;

  @Option(
      names = "--peer-set",
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description = "the relation or bench that is meant")
  private @Nullable String peerSet;

  @Option(
      names = "--as",
      paramLabel = "ID",
      scope = ScopeType.INHERIT,
      completionCandidates = Known.AllIds.class,
      description = "this node (default: the backend finds out)")
  private @Nullable String self;

  @Option(
      names = "--observer",
      scope = ScopeType.INHERIT,
      description = "look from outside: every node is a peer")
  private boolean observer;

  @Option(
      names = "--state",
      paramLabel = "DIR",
      scope = ScopeType.INHERIT,
      completionCandidates = Known.Directories.class,
      description = "where notices are remembered")
  private @Nullable String state;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      scope = ScopeType.INHERIT,
      description = "table, json or yaml; some commands know others")
  private @Nullable String format;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "log everything, show stack traces")
  private boolean debug;

  @Mixin private FilterOptions filter;

  private Main(Environment environment, Output output, PrintStream errors) {
    this.environment = environment;
    this.output = output;
    this.errors = errors;
    String wished = named(environment).build().option("debug").orElse("false");
    this.debug = !wished.equals("false");
  }

  /**
   * Runs the command and ends the process with its code.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    Environment environment = Environment.system();
    PrintStream err = utf8(new FileOutputStream(FileDescriptor.err));
    Output out = new Output(new FileOutputStream(FileDescriptor.out), Terminal.of(environment));
    // The JVM would print what it says as it is.
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> StandardErrorLog.uncaught(e));
    Optional<String> undecoded = Decoding.refusal(List.of(args), environment);
    if (undecoded.isPresent()) {
      err.println("magpie-peers: " + undecoded.get());
      System.exit(USAGE);
    }
    System.exit(run(environment, out, err, args));
  }

  private static PrintStream utf8(OutputStream stream) {
    return new PrintStream(stream, true, StandardCharsets.UTF_8);
  }

  /** Runs the command with everything that a process has of its own handed in. */
  static int run(Environment environment, Output out, OutputStream errors, String... args) {
    PrintStream err = utf8(errors);
    Main main = new Main(environment, out, err);
    StandardErrorLog.to(err, main.debug);
    CommandLine command = new CommandLine(main);
    for (String name : wanted(List.of(args))) {
      command.addSubcommand(name, COMMANDS.get(name));
    }
    // A file name or a value that begins with @ is meant as it is written.
    command.setExpandAtFiles(false);
    command.setUsageHelpLongOptionsMaxWidth(30);
    HelpText.of(command);
    command.setColorScheme(
        CommandLine.Help.defaultColorScheme(
            out.terminal().colour() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
    StringWriter help = new StringWriter();
    command.setOut(new PrintWriter(help));
    command.setErr(new PrintWriter(err, true, StandardCharsets.UTF_8));
    command.setParameterExceptionHandler((e, rest) -> wrongUsage(e, err));
    command.setExecutionExceptionHandler((e, ran, parsed) -> main.failed(e, err));
    try {
      int code = command.execute(args);
      command.getOut().flush();
      out.write(help.toString());
      out.flush();
      return code;
    } catch (Output.Closed e) {
      return 0;
    } catch (Output.Failed | Error e) {
      return main.report(e, err);
    }
  }

  /**
   * Which commands picocli has to know: it reads each by reflection, and a hook that runs one
   * should not wait for eight.
   */
  private static Collection<String> wanted(List<String> args) {
    Set<String> named = new LinkedHashSet<>(COMMANDS.keySet());
    named.retainAll(args);
    boolean all =
        named.isEmpty()
            || (named.contains("completion") && (args.contains("bash") || args.contains("zsh")));
    return all || args.contains("--help") || args.contains("-h") ? COMMANDS.keySet() : named;
  }

  private static int wrongUsage(ParameterException e, PrintStream err) {
    CommandLine command = e.getCommandLine();
    err.println("magpie-peers: " + Quote.visible(String.valueOf(e.getMessage())));
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> near = near(unmatched.getUnmatched().get(0), command.getCommandSpec());
      if (!near.isEmpty()) {
        err.println("did you mean " + String.join(" or ", near) + "?");
      }
    }
    err.println("see " + command.getCommandSpec().qualifiedName() + " --help");
    return USAGE;
  }

  /** What can have been meant by an option or command that there is not: at best one word. */
  private static List<String> near(String argument, CommandSpec spec) {
    boolean option = argument.startsWith("-");
    int equals = argument.indexOf('=');
    String word = option && equals > 0 ? argument.substring(0, equals) : argument;
    List<String> known;
    if (option) {
      known = spec.optionsMap().keySet().stream().filter(name -> name.length() > 2).toList();
    } else if (spec.parent() == null) {
      known = List.copyOf(COMMANDS.keySet());
    } else {
      return List.of();
    }
    List<String> begun =
        word.length() < (option ? 4 : 2)
            ? List.of()
            : known.stream().filter(name -> name.startsWith(word)).sorted().toList();
    return begun.isEmpty() ? Quote.nearest(word, known).map(List::of).orElse(List.of()) : begun;
  }

  private int failed(Exception e, PrintStream err) {
    if (e instanceof ParameterException usage) {
      return wrongUsage(usage, err);
    }
    if (e instanceof Output.Closed) {
      return 0;
    }
    return report(e, err);
  }

  private int report(Throwable e, PrintStream err) {
    boolean malformed = e instanceof MalformedTopologyException;
    boolean foreseen =
        e instanceof PeersException
            || e instanceof Output.Failed
            || e instanceof UnsupportedOperationException;
    String message = foreseen ? String.valueOf(e.getMessage()) : "unexpected failure: " + e;
    // Problems begin with their place, as compilers print them, so that editors can follow.
    StringBuilder text = new StringBuilder(malformed ? "" : "magpie-peers: ");
    String before = "";
    for (String line : message.split("\n", -1)) {
      text.append(before).append(Quote.visible(line));
      before = "\n";
    }
    err.println(text);
    if (debug) {
      StandardErrorLog.trace(e, err);
    } else if (!foreseen) {
      err.println("this is a fault of magpie-peers; --debug shows where it is");
    }
    return malformed ? PROBLEMS : FAILED;
  }

  Environment environment() {
    return environment;
  }

  Output output() {
    return output;
  }

  /** Standard input, for the commands that take something from it. */
  InputStream input() {
    return System.in;
  }

  /** Whether somebody at a terminal sees the output. */
  boolean watched() {
    return environment.variable("TERM").isPresent() && Terminal.present(2);
  }

  /** Where to tell people what is not output. */
  PrintStream errors() {
    return errors;
  }

  /** Returns the format that was asked for, as it was written, or null. */
  @Nullable String format() {
    return format;
  }

  FilterOptions filter() {
    return filter;
  }

  /**
   * Returns what to open to see all of a topology file from outside, whatever else is opened; the
   * name of the bench does not matter.
   */
  PeersOptions declared(String file) {
    Map<String, String> variables = new HashMap<>(environment.variables());
    variables.keySet().removeAll(List.of("MAGPIE_PEERS_PEER_SET", "MAGPIE_PEER_SET"));
    Map<String, String> properties = new HashMap<>(environment.properties());
    properties.remove("magpie.peers.peer-set");
    return named(
            new Environment(
                variables, properties, environment.workingDirectory(), environment.clock()))
        .backend("local")
        .option("topology", file)
        .observer()
        .build();
  }

  /** Returns what to open: the command line takes precedence over the environment. */
  PeersOptions options() {
    return builder().build();
  }

  /** Begins with what {@link #options} says. */
  PeersOptions.Builder builder() {
    PeersOptions.Builder builder = named(environment);
    if (observer && self != null) {
      throw usage("--as and --observer exclude each other: an observer is no node");
    }
    if (observer) {
      builder.observer();
    }
    if (self != null) {
      try {
        PeerId.of(self);
      } catch (IllegalArgumentException e) {
        throw usage("--as: " + e.getMessage());
      }
      builder.self(self);
    }
    if (topology != null && etcd != null) {
      throw usage("--topology and --etcd exclude each other: the peers are in one place");
    }
    set(builder, "--topology", "topology", topology);
    set(builder, "--etcd", "etcd", etcd);
    String implied = topology != null ? "local" : etcd != null ? "etcd" : null;
    set(builder, "--backend", "backend", backend == null ? implied : backend);
    set(builder, "--peer-set", "peer-set", peerSet);
    set(builder, "--state", "state", state);
    PeersOptions asked = builder.build();
    if (asked.backend().map("etcd"::equals).orElse(asked.option("etcd").isPresent())) {
      BesideTheJar.etcd().ifPresent(builder::classLoader);
      // No machine has an id of itself there, and most commands only look.
      if (asked.self().isEmpty()) {
        builder.observer();
      }
    }
    return builder;
  }

  /** Options whose messages speak of the flags of this command. */
  private static PeersOptions.Builder named(Environment environment) {
    return PeersOptions.builder()
        .environment(environment)
        .flag("topology", "--topology")
        .flag("etcd", "--etcd")
        .flag("backend", "--backend")
        .flag("peer-set", "--peer-set")
        .flag("self", "--as")
        .flag("observer", "--observer")
        .flag("state", "--state");
  }

  private void set(
      PeersOptions.Builder builder, String written, String option, @Nullable String value) {
    if (value == null) {
      return;
    }
    if (value.isBlank()) {
      // The api takes a blank for an option that is not set; here somebody did set it.
      throw usage("expected a value for " + written + ", found " + Quote.of(value));
    }
    builder.option(option, value);
  }

  /** Logs everything from here on, if that is wished. */
  void applyDebug() {
    if (debug) {
      StandardErrorLog.debug();
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** Tells which version this is. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version =
          Optional.ofNullable(Main.class.getPackage().getImplementationVersion())
              .or(
                  () ->
                      Optional.ofNullable(Main.class.getModule().getDescriptor())
                          .flatMap(ModuleDescriptor::rawVersion))
              .orElse("without version, not run from its jar");
      return new String[] {"magpie-peers " + version + ", Java " + Runtime.version()};
    }
  }
}
