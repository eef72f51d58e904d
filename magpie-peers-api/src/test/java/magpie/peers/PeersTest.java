/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import magpie.peers.spi.PeerBackend;
import magpie.peers.spi.PeerSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Discovery with real class loaders and real providers, compiled here. */
class PeersTest {
  private static final String SERVICE = "META-INF/services/magpie.peers.spi.PeerBackend";

  private static final String HINTS =
      "\n  inside a Juju hook add io.github.magpiepeers:magpie-peers-juju"
          + "\n  on a bench add io.github.magpiepeers:magpie-peers-local";

  @TempDir private Path directory;
  private final List<URLClassLoader> loaders = new ArrayList<>();

  @AfterEach
  void closeLoaders() throws IOException {
    for (URLClassLoader loader : loaders) {
      loader.close();
    }
  }

  /** A backend whose source has one peer, named like the class. */
  private static String backend(String type, String name, String whyNot, String extra) {
    return """
        package lab;
        import java.util.*;
        import magpie.peers.*;
        import magpie.peers.spi.*;
        public final class %1$s implements PeerBackend {
          public %1$s() { %4$s }
          public String name() { return %2$s; }
          public Optional<String> whyNot(PeersOptions options) { %3$s }
          public PeerSource open(PeersOptions options) {
            return new PeerSource() {
              public Reading read() {
                return Reading.of("lab", java.time.Instant.EPOCH, Optional.empty(),
                    List.of(PeerNode.builder(PeerId.of("%1$s")).build()), List.of());
              }
              public StateStore state() { throw new UnsupportedOperationException(); }
            };
          }
        }
        """
        .formatted(type, name, whyNot, extra);
  }

  private static String applies(String type, String name) {
    return backend(type, '"' + name + '"', "return Optional.empty();", "");
  }

  private static String doesNotApply(String type, String name, String reason) {
    return backend(type, '"' + name + '"', "return Optional.of(\"" + reason + "\");", "");
  }

  @Test
  void aNameOfABackendIsLowerCaseLettersDigitsAndInnerHyphens() throws IOException {
    Map<String, String> all = new TreeMap<>();
    List<String> names =
        List.of("a", "z", "0", "9", "a-9", "z--0", "", "-a", "a-", "-", "A", "a_b", "`", "{");
    for (int i = 0; i < names.size(); i++) {
      all.put("N" + i, applies("N" + i, names.get(i)));
    }
    ConfigurationException thrown =
        assertThrows(
            ConfigurationException.class, () -> Peers.open(with(all).backend("x").build()));
    List<String> lines = List.of(thrown.getMessage().split("\n", -1));
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      String line =
          i < 6
              ? "  " + name + " (lab.N" + i + ")"
              : "  broken: lab.N"
                  + i
                  + ": expected a name of lower-case letters, digits and hyphens, found \""
                  + name
                  + "\"";
      assertTrue(lines.contains(line), () -> line + " is not among " + lines);
    }
  }

  /** A backend that only its maker knows, and whether it applies. */
  private record Own(Optional<String> reason) implements PeerBackend {
    @Override
    public String name() {
      return "own";
    }

    @Override
    public Optional<String> whyNot(PeersOptions options) {
      return reason;
    }

    @Override
    public PeerSource open(PeersOptions options) {
      return new ScriptedSource();
    }
  }

  @Test
  void aBackendThatIsGivenIsTakenWithoutLookingForOthers() throws IOException {
    PeersOptions others = with(Map.of("A", applies("A", "one"))).backend("one").build();
    try (PeerView view = Peers.open(new Own(Optional.empty()), others)) {
      assertEquals("own", view.backend());
    }
    try (PeerView view = Peers.open(new Own(Optional.empty()))) {
      assertEquals("own", view.backend());
    }
  }

  @Test
  void aBackendThatIsGivenMustApply() {
    ConfigurationException thrown =
        assertThrows(
            ConfigurationException.class,
            () -> Peers.open(new Own(Optional.of("no lab is near")), options().build()));
    assertEquals(
        "expected the backend own to apply, found that it does not: no lab is near",
        thrown.getMessage());
  }

  private PeersOptions.Builder with(Map<String, String> sources, String... alsoRegistered)
      throws IOException {
    List<String> names = new ArrayList<>();
    for (Map.Entry<String, String> source : sources.entrySet()) {
      Path file = directory.resolve("src").resolve(source.getKey() + ".java");
      Files.createDirectories(file.getParent());
      Files.writeString(file, source.getValue());
      compile(file, directory);
      names.add("lab." + source.getKey());
    }
    names.addAll(List.of(alsoRegistered));
    names.sort(null);
    Path services = directory.resolve(SERVICE);
    Files.createDirectories(services.getParent());
    Files.write(services, names);
    URLClassLoader loader =
        new URLClassLoader(new URL[] {directory.toUri().toURL()}, PeersTest.class.getClassLoader());
    loaders.add(loader);
    return options().classLoader(loader);
  }

  private void compile(Path file, Path to) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    assertNotNull(compiler, "these tests need a JDK");
    int result =
        compiler.run(
            null,
            null,
            null,
            "-proc:none",
            "-d",
            to.toString(),
            "-cp",
            System.getProperty("java.class.path") + File.pathSeparator + directory,
            file.toString());
    assertEquals(0, result, file + " compiles");
  }

  private static PeersOptions.Builder options() {
    return PeersOptions.builder()
        .environment(new Environment(Map.of(), Map.of(), Path.of("/"), Clock.systemUTC()));
  }

  private static String refused(PeersOptions.Builder options) {
    return assertThrows(ConfigurationException.class, () -> Peers.open(options.build()))
        .getMessage();
  }

  private static String opened(PeersOptions.Builder options) {
    try (PeerView view = Peers.open(options.build())) {
      return view.backend() + " " + view.ids();
    }
  }

  @Test
  void noBackendSaysWhatToAdd() throws IOException {
    assertEquals("expected a backend that applies, found none" + HINTS, refused(with(Map.of())));
  }

  @Test
  void theOnlyApplicableOneIsTaken() throws IOException {
    assertEquals(
        "one [A]",
        opened(
            with(Map.of("A", applies("A", "one"), "B", doesNotApply("B", "two", "no lab here")))));
  }

  @Test
  void noneThatAppliesSaysWhyEachDoesNot() throws IOException {
    assertEquals(
        "expected a backend that applies, found none"
            + "\n  juju does not apply: no hook"
            + "\n  two does not apply: no lab here"
            + "\n  on a bench add io.github.magpiepeers:magpie-peers-local",
        refused(
            with(
                Map.of(
                    "A", doesNotApply("A", "juju", "no hook"),
                    "B", doesNotApply("B", "two", "no lab here")))));
  }

  @Test
  void severalThatApplyAskForAChoice() throws IOException {
    assertEquals(
        "expected one backend that applies, found one and two; choose one with"
            + " -Dmagpie.peers.backend=one or MAGPIE_PEERS_BACKEND=one",
        refused(with(Map.of("A", applies("A", "two"), "B", applies("B", "one")))));
  }

  @Test
  void theNamedOneIsTakenAmongSeveral() throws IOException {
    assertEquals(
        "two [A]",
        opened(with(Map.of("A", applies("A", "two"), "B", applies("B", "one"))).backend("two")));
  }

  @Test
  void aNamedOneThatIsMissingListsWhatThereIs() throws IOException {
    assertEquals(
        "option backend: expected the name of a backend, found \"three\", which none has"
            + "\n  two (lab.A)"
            + "\nadd the artifact that has it, for instance io.github.magpiepeers:magpie-peers-juju"
            + " or io.github.magpiepeers:magpie-peers-local; in a jar that was made of several, see that"
            + " META-INF/services/magpie.peers.spi.PeerBackend has the lines of all of them",
        refused(with(Map.of("A", applies("A", "two"))).backend("three")));
  }

  @Test
  void aBrokenBackendIsNamedAndHidesNoOther() throws IOException {
    Map<String, String> all =
        Map.of(
            "A",
                backend(
                    "A",
                    "\"a\"",
                    "return Optional.empty();",
                    "if (true) throw new IllegalStateException(\"boom\");"),
            "B", backend("B", "null", "return Optional.empty();", ""),
            "C",
                backend(
                    "C", "Objects.requireNonNull((String) null)", "return Optional.empty();", ""),
            "D", backend("D", "\"d\"", "throw new IllegalStateException(\"bang\");", ""),
            "E", applies("E", "Bad Name"),
            "F", applies("F", "good"));
    assertEquals("good [F]", opened(with(all, "lab.Missing")));
    String service = "magpie.peers.spi.PeerBackend: ";
    assertEquals(
        "option backend: expected the name of a backend, found \"x\", which none has"
            + "\n  d (lab.D)"
            + "\n  good (lab.F)"
            + "\n  broken: "
            + service
            + "Provider lab.A could not be instantiated"
            + " (java.lang.IllegalStateException: boom)"
            + "\n  broken: lab.B: java.lang.NullPointerException: name"
            + "\n  broken: lab.C: java.lang.NullPointerException"
            + "\n  broken: lab.E: expected a name of lower-case letters, digits and hyphens, found"
            + " \"Bad Name\""
            + "\n  broken: "
            + service
            + "Provider lab.Missing not found"
            + "\nadd the artifact that has it, for instance io.github.magpiepeers:magpie-peers-juju"
            + " or io.github.magpiepeers:magpie-peers-local; in a jar that was made of several, see that"
            + " META-INF/services/magpie.peers.spi.PeerBackend has the lines of all of them",
        refused(with(all, "lab.Missing").backend("x")));
  }

  @Test
  void aBackendThatThrowsWhenAskedIsNamedWhereNoneApplies() throws IOException {
    assertEquals(
        "expected a backend that applies, found none"
            + "\n  broken: lab.D: java.lang.IllegalStateException: bang"
            + HINTS,
        refused(
            with(
                Map.of(
                    "D",
                    backend("D", "\"d\"", "throw new IllegalStateException(\"bang\");", "")))));
  }

  @Test
  void twoBackendsOfOneNameAreRefused() throws IOException {
    assertEquals(
        "expected one backend named \"same\", found lab.A and lab.B; remove one of them from the"
            + " class path",
        refused(with(Map.of("A", applies("A", "same"), "B", applies("B", "same")))));
  }

  @Test
  void aServiceFileThatIsRubbishIsNamed() throws IOException {
    String message = refused(with(Map.of(), "not-a-class"));
    URL file = directory.resolve(SERVICE).toUri().toURL();
    assertEquals(
        "expected a backend that applies, found none"
            + "\n  broken: magpie.peers.spi.PeerBackend: "
            + file
            + ":1: Illegal provider-class name: not-a-class"
            + HINTS,
        message);
  }

  private static <T> T inContext(ClassLoader context, Supplier<T> asked) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(context);
    try {
      return asked.get();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void theContextLoaderOfTheThreadIsLookedThroughToo() throws IOException {
    with(Map.of("A", applies("A", "one")));
    assertEquals("one [A]", inContext(loaders.get(0), () -> opened(options())));
  }

  /** Loads the api by itself, as a container that shares it does, together with a backend. */
  @Test
  void backendsOfBothLoadersAreFoundAndNoneTwice() throws Exception {
    with(Map.of("A", doesNotApply("A", "one", "no lab here")), "lab.Missing");
    Path api = Path.of(Peers.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<URL> shared = new ArrayList<>(List.of(directory.toUri().toURL(), api.toUri().toURL()));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      shared.add(Path.of(entry).toUri().toURL());
    }
    URLClassLoader container =
        new URLClassLoader(shared.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    loaders.add(container);
    Path own = Files.createDirectories(directory.resolve("own"));
    Path service = own.resolve(SERVICE);
    Files.createDirectories(service.getParent());
    Files.writeString(service, "lab.B\n");
    Path source = Files.writeString(own.resolve("B.java"), doesNotApply("B", "two", "nor here"));
    compile(source, own);
    URLClassLoader application = new URLClassLoader(new URL[] {own.toUri().toURL()}, container);
    loaders.add(application);
    Class<?> peers = container.loadClass(Peers.class.getName());
    String message =
        inContext(
            application,
            () -> {
              InvocationTargetException thrown =
                  assertThrows(
                      InvocationTargetException.class, () -> peers.getMethod("open").invoke(null));
              return String.valueOf(thrown.getCause().getMessage());
            });
    assertEquals(
        "expected a backend that applies, found none"
            + "\n  one does not apply: no lab here"
            + "\n  two does not apply: nor here"
            + "\n  broken: magpie.peers.spi.PeerBackend: Provider lab.Missing not found"
            + HINTS,
        message);
  }

  @Test
  void twoCopiesOfABackendAreOne() throws IOException {
    with(Map.of("A", applies("A", "one")));
    Path copy = Files.createDirectories(directory.resolve("copy"));
    Path service = copy.resolve(SERVICE);
    Files.createDirectories(service.getParent());
    Files.writeString(service, "lab.A\n");
    compile(directory.resolve("src/A.java"), copy);
    // The child takes its own copy first, as the loaders of servlet containers do.
    URLClassLoader childFirst =
        new URLClassLoader(new URL[] {copy.toUri().toURL()}, loaders.get(0)) {
          @Override
          protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
              Class<?> loaded = findLoadedClass(name);
              return loaded != null
                  ? loaded
                  : name.startsWith("lab.") ? findClass(name) : super.loadClass(name, resolve);
            }
          }
        };
    loaders.add(childFirst);
    PeersOptions.Builder both = options().classLoader(childFirst);
    assertEquals("one [A]", opened(both));
    assertEquals("one [A]", inContext(childFirst, () -> opened(options())));
  }

  @Test
  void aBackendOutsideTheServicesFilesIsToldFromOneThatIsMissing() throws IOException {
    String line =
        "add the line magpie.peers.%1$s to META-INF/services/magpie.peers.spi.PeerBackend: the class"
            + " is there, and no such file names it, as happens where a jar is made of several and"
            + " keeps the file of one (maven-shade-plugin: use the ServicesResourceTransformer)";
    PeersOptions.Builder local = with(Map.of("A", doesNotApply("A", "local", "no file")));
    Path juju = directory.resolve("magpie/peers/juju/JujuBackend.class");
    Files.createDirectories(juju.getParent());
    Files.write(juju, new byte[] {1});
    assertEquals(
        "expected a backend that applies, found none"
            + "\n  local does not apply: no file"
            + "\n  inside a Juju hook "
            + line.formatted("juju.JujuBackend"),
        refused(local));
    assertEquals(
        "option backend: expected the name of a backend, found \"juju\", which none has"
            + "\n  local (lab.A)"
            + "\n"
            + line.formatted("juju.JujuBackend"),
        refused(local.backend("juju")));
    Path bench = directory.resolve("magpie/peers/local/LocalBackend.class");
    Files.createDirectories(bench.getParent());
    Files.write(bench, new byte[] {1});
    assertEquals(
        "option backend: expected the name of a backend, found \"local\", which none has\n"
            + line.formatted("local.LocalBackend"),
        refused(with(Map.of()).backend("local")));
    Path etcd = directory.resolve("magpie/peers/etcd/EtcdBackend.class");
    Files.createDirectories(etcd.getParent());
    Files.write(etcd, new byte[] {1});
    assertEquals(
        "option backend: expected the name of a backend, found \"etcd\", which none has\n"
            + line.formatted("etcd.EtcdBackend"),
        refused(with(Map.of()).backend("etcd")));
    String found = refused(with(Map.of()).option("etcd", "192.0.2.1:2379"));
    assertTrue(found.endsWith("\n  for option etcd " + line.formatted("etcd.EtcdBackend")), found);
  }

  /** A backend that uses a class of a library that is there when it is compiled and no more. */
  private PeersOptions.Builder lacking(String library, String where) throws IOException {
    int dot = library.lastIndexOf('.');
    String type = library.substring(dot + 1);
    String backend =
        switch (where) {
          case "open" ->
              applies("U", "one")
                  .replace("return new PeerSource()", library + ".use(); return new PeerSource()");
          case "load" ->
              applies("U", "one").replace("class U ", "class U extends " + library + " ");
          case "whyNot" ->
              backend("U", "\"one\"", library + ".use(); return Optional.empty();", "");
          default -> backend("U", "\"one\"", "return Optional.empty();", library + ".use();");
        };
    PeersOptions.Builder options =
        with(
            new TreeMap<>(
                Map.of(
                    type,
                    "package "
                        + library.substring(0, dot)
                        + "; public class "
                        + type
                        + " { public static void use() {} }",
                    "U",
                    backend)));
    Files.write(directory.resolve(SERVICE), List.of("lab.U"));
    Files.delete(directory.resolve(library.replace('.', '/') + ".class"));
    return options;
  }

  /** Whatever a backend throws while it is opened is a failure of ours that names it (F1). */
  @Test
  void whatABackendThrowsWhileItIsOpenedIsAFailureOfOurs() {
    for (String where : List.of("whyNot", "open", "nothing")) {
      PeerBackend odd =
          new PeerBackend() {
            @Override
            public String name() {
              return "odd";
            }

            @Override
            public Optional<String> whyNot(PeersOptions options) {
              fail("whyNot");
              return Optional.empty();
            }

            @Override
            @SuppressWarnings("NullAway") // a backend that returns nothing
            public PeerSource open(PeersOptions options) {
              fail("open");
              return null;
            }

            private void fail(String here) {
              if (here.equals(where)) {
                throw new UnsupportedOperationException("of the JDK");
              }
            }
          };
      String message =
          assertThrows(SourceUnavailableException.class, () -> Peers.open(odd)).getMessage();
      assertTrue(
          message.startsWith(
              "expected the backend odd to answer or to say what is wrong, found java.lang."
                  + (where.equals("nothing")
                      ? "NullPointerException: a source"
                      : "UnsupportedOperationException: of the JDK")),
          message);
    }
  }

  @Test
  void aLibraryThatIsMissingIsNamedWithItsArtifact() throws IOException {
    String yaml = "org.snakeyaml.engine.v2.api.AGone";
    String found =
        "the class org.snakeyaml.engine.v2.api.AGone is missing; add org.snakeyaml:snakeyaml-engine";
    assertEquals(
        "expected the backend one with its libraries, found that " + found,
        refused(lacking(yaml, "open")));
    assertEquals(
        "expected a backend that applies, found none\n  broken: lab.U: " + found + HINTS,
        refused(lacking(yaml, "whyNot")));
    assertEquals(
        "expected a backend that applies, found none\n  broken: magpie.peers.spi.PeerBackend:"
            + " Provider lab.U could not be instantiated: "
            + found
            + HINTS,
        refused(lacking(yaml, "construct")));
    assertEquals(
        "expected a backend that applies, found none\n  broken: " + found + HINTS,
        refused(lacking(yaml, "load")));
    Map<String, String> artifacts =
        Map.of(
            "com.fasterxml.jackson.core.AGone", "com.fasterxml.jackson.core:jackson-core",
            "io.etcd.jetcd.AGone", "io.etcd:jetcd-core",
            "jakarta.inject.AGone", "jakarta.inject:jakarta.inject-api",
            "jnr.posix.AGone", "com.github.jnr:jnr-posix");
    for (Map.Entry<String, String> each : artifacts.entrySet()) {
      assertEquals(
          "expected the backend one with its libraries, found that the class "
              + each.getKey()
              + " is missing; add "
              + each.getValue(),
          refused(lacking(each.getKey(), "open")));
    }
    assertEquals(
        "expected the backend one with its libraries, found that the class lib.AGone is missing;"
            + " add the artifact that has it to the class path",
        refused(lacking("lib.AGone", "open")));
  }

  @Test
  void manyBrokenBackendsHideNoOther() throws IOException {
    String[] missing = new String[19];
    for (int i = 0; i < missing.length; i++) {
      missing[i] = "lab.Missing" + i;
    }
    // Missing ones come first.
    assertEquals("one [A]", opened(with(Map.of("A", applies("A", "one")), missing)));
  }

  @Test
  void moreBrokenBackendsThanAnybodyHasEndTheSearch() throws IOException {
    String[] missing = new String[30];
    for (int i = 0; i < missing.length; i++) {
      missing[i] = "lab.Missing" + i;
    }
    String message = refused(with(Map.of(), missing));
    assertEquals(20, message.lines().filter(line -> line.startsWith("  broken: ")).count());
  }
}
