/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Stream;
import magpie.peers.cli.Main;
import org.testcontainers.containers.GenericContainer;

/** One node: a container with the packaged jars, an address on each network, and a program. */
final class Node {
  static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final String JARS = "/opt/magpie/";

  private final String name;
  private final List<NodeNetwork> networks;
  private final NodeContainer container;
  private final StringBuilder transcript = new StringBuilder();
  private final Queue<Shell> shells = new ConcurrentLinkedQueue<>();
  private Log log;
  private PackagedJars jars;
  private String serving = "{\"serving\":";
  private boolean up = true;

  Node(String name, List<NodeNetwork> networks) {
    this.name = name;
    this.networks = networks;
    this.container = new NodeContainer();
  }

  /** Connects the node to its further networks before it starts. */
  private final class NodeContainer extends GenericContainer<NodeContainer> {
    NodeContainer() {
      super(ContainerEngine.image());
      withLabels(ContainerEngine.labels());
      withNetworkMode(networks.get(0).id());
      withCreateContainerCmdModifier(
          command ->
              command
                  .withHostName(name.replace('/', '-'))
                  .withIpv4Address(networks.get(0).v4(Node.this))
                  .withIpv6Address(networks.get(0).v6(Node.this)));
    }

    @Override
    protected void containerIsCreated(String id) {
      networks.stream().skip(1).forEach(network -> network.connect(Node.this));
    }

    @Override
    protected void containerIsStarting(InspectContainerResponse info) {
      follow(0);
    }
  }

  /** Gives the node the jars of a backend, which its program then runs with. */
  Node with(PackagedJars given) {
    jars = given;
    given.files().forEach(jar -> mount(jar.toString(), JARS + name(jar) + ":ro"));
    return this;
  }

  /** Gives the node a program of this machine. */
  Node withProgram(Path program) {
    return mount(program.toString(), "/bin/" + name(program) + ":ro");
  }

  private static String name(Path path) {
    return path.getFileName().toString();
  }

  Node variable(String variable, String value) {
    container.withEnv(variable, value);
    return this;
  }

  /**
   * Mounts a volume, or what is at an absolute path of this machine. To copy one file into a
   * container takes as much processor time as to run a small program there.
   */
  Node mount(String volume, String at) {
    container.withCreateContainerCmdModifier(
        command -> {
          List<Bind> binds = new ArrayList<>(Arrays.asList(command.getHostConfig().getBinds()));
          binds.add(Bind.parse(volume + ":" + at));
          command.getHostConfig().withBinds(binds);
        });
    return this;
  }

  /** Sets which command of the peer program the node runs as long as it is up. */
  Node running(String command) {
    return running(PeerProgram.class, command, name);
  }

  /** Sets which other program of the same jars the node runs. */
  Node running(Class<?> main, String... arguments) {
    container.withCommand(program(main, Stream.of(arguments)));
    return this;
  }

  /** Sets which program of another kind the node runs; what it says is for people. */
  Node executing(String... command) {
    serving = name + " begins";
    List<String> words =
        new ArrayList<>(List.of("sh", "-c", "echo \"$0 begins\"; exec \"$@\"", name));
    words.addAll(List.of(command));
    container.withCommand(words.toArray(String[]::new));
    return this;
  }

  /** Has the node answer {@code magpie-peers reach} as long as it is up. */
  Node listening() {
    serving = name + " listens on ";
    container.withCommand(program(Main.class, Stream.of("listen")));
    return this;
  }

  /** Returns the command line of the peer program. */
  String[] program(String... arguments) {
    return program(PeerProgram.class, Stream.of(arguments));
  }

  /** Returns the command line of a program among the jars. */
  String[] program(Class<?> main, Stream<String> arguments) {
    String classPath = String.join(":", jars.files().stream().map(Node::onClassPath).toList());
    List<String> words = new ArrayList<>(List.of("java", "-Xmx48m"));
    Stream.of(System.getProperty("magpie.test.jvmargs", "").split(" "))
        .filter(word -> !word.isEmpty())
        .forEach(words::add);
    words.addAll(List.of("-cp", classPath, main.getName()));
    words.addAll(arguments.toList());
    return words.toArray(String[]::new);
  }

  private static String onClassPath(Path jar) {
    return JARS + name(jar) + (Files.isDirectory(jar) ? "/*" : "");
  }

  String name() {
    return name;
  }

  /** Returns the number in its name. */
  int number() {
    return Integer.parseInt(name.substring(name.indexOf('/') + 1));
  }

  List<NodeNetwork> networks() {
    return networks;
  }

  GenericContainer<?> container() {
    return container;
  }

  /** Returns its addresses on all networks. */
  List<String> addresses() {
    return networks.stream().flatMap(network -> network.addresses(this).stream()).toList();
  }

  // ---- what may happen to a node ----

  /** Stops the node as its operator would. */
  void stop() {
    up(false);
    ContainerEngine.client().stopContainerCmd(container.getContainerId()).exec();
    ended();
  }

  /** Kills every process of the node with SIGKILL. */
  void kill() {
    up(false);
    ContainerEngine.client().killContainerCmd(container.getContainerId()).withSignal("KILL").exec();
    ended();
  }

  private void ended() {
    log.awaitEnd();
    record("is down");
  }

  /** Starts the node again after it was stopped or killed, with all its files. */
  void startAgain() {
    int seen = log.size();
    ContainerEngine.client().startContainerCmd(container.getContainerId()).exec();
    follow(seen);
    awaitServing();
    up(true);
  }

  private synchronized void up(boolean now) {
    up = now;
    notifyAll();
  }

  /** Waits while the node is stopped or killed. */
  synchronized void awaitUp() {
    waitUntil(this, "to be up again", () -> up);
  }

  /** Freezes the node: its addresses stay, nobody answers. */
  void pause() {
    ContainerEngine.client().pauseContainerCmd(container.getContainerId()).exec();
  }

  void resume() {
    ContainerEngine.client().unpauseContainerCmd(container.getContainerId()).exec();
  }

  void cutOff(NodeNetwork network) {
    network.disconnect(this);
  }

  /** Connects the node again, at the address it had. */
  void reconnect(NodeNetwork network) {
    network.connect(this);
  }

  // ---- what a node says ----

  /** Runs the peer program beside what the node runs already, and returns what it said. */
  List<String> ask(String... arguments) {
    return ask(PeerProgram.class, Stream.of(arguments));
  }

  /** Does the same with another program of the same jars. */
  List<String> ask(Class<?> main, Stream<String> arguments) {
    Shell.Result result = execute(Map.of(), "/", program(main, arguments));
    if (result.exitCode() != 0) {
      throw new AssertionError(name + ": " + main + " failed: " + result.stderr());
    }
    return result.stdout().lines().toList();
  }

  /** Runs a command in the node. */
  Shell.Result execute(Map<String, String> variables, String directory, String... command) {
    Shell shell = shell();
    Shell.Result result = shell.run(variables, directory, List.of(command));
    shells.add(shell);
    record(
        String.join(" ", command).replaceAll("-cp \\S+", "-cp ...")
            + " => "
            + result.exitCode()
            + "\n"
            + result.stdout()
            + result.stderr());
    return result;
  }

  /** Returns a shell that nothing uses now. */
  private Shell shell() {
    Shell idle;
    do {
      idle = shells.poll();
    } while (idle != null && idle.isEnded());
    return idle == null ? Shell.in(container.getContainerId()) : idle;
  }

  private synchronized void record(String text) {
    transcript.append("$ ").append(text.strip()).append('\n');
  }

  /** Waits until the node's program has said such a line since its start, and returns the line. */
  String awaitLine(Predicate<String> such) {
    return log.await(such);
  }

  /** Returns what the node's program has said since its start. */
  List<String> lines() {
    return log.lines();
  }

  void awaitServing() {
    awaitLine(line -> line.startsWith(serving));
  }

  synchronized String log() {
    return (log == null ? "(never started)\n" : String.join("\n", log.everything()) + "\n")
        + transcript;
  }

  private void follow(int seen) {
    Log following = new Log(seen);
    log = following;
    ContainerEngine.client()
        .logContainerCmd(container.getContainerId())
        .withFollowStream(true)
        .withStdOut(true)
        .withStdErr(true)
        .exec(following);
  }

  /**
   * The output of the node's program as it comes. The engine keeps that of earlier starts too and
   * repeats it; {@code old} lines of it are left out.
   */
  private final class Log extends ResultCallback.Adapter<Frame> {
    private final int old;
    private final List<String> lines = new ArrayList<>();
    private final List<String> everything = new ArrayList<>();
    private final StringBuilder partial = new StringBuilder();
    private boolean ended;

    Log(int old) {
      this.old = old;
    }

    @Override
    public synchronized void onNext(Frame frame) {
      String text = new String(frame.getPayload(), UTF_8);
      if (frame.getStreamType() == StreamType.STDERR) {
        text.lines().forEach(everything::add);
      } else {
        partial.append(text);
        int end;
        while ((end = partial.indexOf("\n")) >= 0) {
          lines.add(partial.substring(0, end));
          everything.add(partial.substring(0, end));
          partial.delete(0, end + 1);
        }
      }
      notifyAll();
    }

    @Override
    public void onComplete() {
      super.onComplete();
      synchronized (this) {
        ended = true;
        notifyAll();
      }
    }

    synchronized int size() {
      return lines.size();
    }

    synchronized List<String> lines() {
      return List.copyOf(lines.subList(Math.min(old, lines.size()), lines.size()));
    }

    synchronized List<String> everything() {
      return List.copyOf(everything);
    }

    synchronized void awaitEnd() {
      waitUntil(this, "to end", () -> ended);
    }

    synchronized String await(Predicate<String> such) {
      waitUntil(this, "to say what is awaited", () -> ended || lines().stream().anyMatch(such));
      return lines().stream()
          .filter(such)
          .findFirst()
          .orElseThrow(() -> new AssertionError("expected " + name + " to stay up, it ended"));
    }
  }

  /** Waits on a monitor that the caller holds. */
  private void waitUntil(Object monitor, String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + DEADLINE.toNanos();
    try {
      while (!condition.getAsBoolean()) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          throw new AssertionError(
              "expected " + name + " " + what + " within " + DEADLINE + ", it said " + lines());
        }
        monitor.wait(Math.max(1, left / 1_000_000));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
