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
  private static String backend(String type, String name, String inapplicable, String extra) {
    return """
        package lab;
        import java.util.*;
        import magpie.peers.*;
        import magpie.peers.spi.*;
        public final class %1$s implements PeerBackend {
          public %1$s() { %4$s }
          public String name() { return %2$s; }
          public Optional<String> inapplicable(PeersOptions options) { %3$s }
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
        .formatted(type, name, inapplicable, extra);
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
    public Optional<String> inapplicable(PeersOptions options) {
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
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    assertNotNull(compiler, "these tests need a JDK");
    List<String> names = new ArrayList<>();
    for (Map.Entry<String, String> source : sources.entrySet()) {
      Path file = directory.resolve("src").resolve(source.getKey() + ".java");
      Files.createDirectories(file.getParent());
      Files.writeString(file, source.getValue());
      int result =
          compiler.run(
              null,
              null,
              null,
              "-proc:none",
              "-d",
              directory.toString(),
              "-cp",
              System.getProperty("java.class.path") + File.pathSeparator + directory,
              file.toString());
      assertEquals(0, result, source.getKey() + " compiles");
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
            + " -Dmagpie.peers.backend=one, MAGPIE_PEERS_BACKEND=one or --backend one",
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
        "expected a backend named \"three\", found none of that name"
            + "\n  two (lab.A)"
            + "\nadd the artifact that has it, for instance io.github.magpiepeers:magpie-peers-juju"
            + " or io.github.magpiepeers:magpie-peers-local",
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
        "expected a backend named \"x\", found none of that name"
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
            + " or io.github.magpiepeers:magpie-peers-local",
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

  @Test
  void theContextLoaderOfTheThreadIsTheLastResort() throws IOException {
    with(Map.of("A", applies("A", "one")));
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loaders.get(0));
    try {
      assertEquals("one [A]", opened(options()));
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void checkingAFileNeedsABackendThatChecks() throws IOException {
    PeersOptions options = with(Map.of("A", applies("A", "one"))).build();
    assertEquals(
        "expected a backend that checks files such as \"x.yaml\", found none\n  one (lab.A)"
            + "\nadd io.github.magpiepeers:magpie-peers-local",
        assertThrows(
                ConfigurationException.class,
                () -> Peers.check(Path.of("x.yaml"), "x.yaml", options))
            .getMessage());
  }

  @Test
  void theFirstBackendThatChecksFilesIsAskedUnlessOneIsNamed() throws IOException {
    Map<String, String> all =
        Map.of("A", applies("A", "one"), "B", checks("B", "two"), "C", checks("C", "three"));
    assertEquals("x.yaml is wrong, says lab.B", checked(with(all)));
    assertEquals("x.yaml is wrong, says lab.C", checked(with(all).backend("three")));
  }

  private static String checks(String type, String name) {
    return applies(type, name)
        .replace(
            "public PeerSource open",
            """
            public Optional<List<Problem>> check(java.nio.file.Path file, String shown) {
              String message = file + " is wrong, says " + getClass().getName();
              return Optional.of(List.of(new Problem(Problem.Severity.ERROR, "wrong",
                  message, shown, 0, 0, 1, "", "", "")));
            }
            public PeerSource open""");
  }

  private static String checked(PeersOptions.Builder options) {
    List<Problem> problems = Peers.check(Path.of("x.yaml"), "x.yaml", options.build());
    assertEquals(1, problems.size());
    return problems.get(0).message();
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
