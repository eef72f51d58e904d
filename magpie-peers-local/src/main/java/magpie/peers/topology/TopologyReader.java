/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.spi.Quote;
import magpie.peers.spi.RegularFile;
import magpie.peers.topology.Topology.SelfRule;
import magpie.peers.topology.YamlEvents.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Reads a topology file strictly, and finds everything that is wrong with it in one pass.
 *
 * <p>The format is described in {@code docs/topology.md}. What refers to something else in the file
 * is checked when the whole file was read, since its sections may stand in any order.
 */
public final class TopologyReader {
  /** The longest file, in bytes. */
  public static final int LONGEST_FILE = 64 << 20;

  /** How many different sets of labels or settings, and how many texts, are kept to be shared. */
  private static final int MOST_SHARED = 10_000;

  /** The longest key of a setting or label, in characters. */
  static final int LONGEST_KEY = 253;

  private static final String SOURCE = "topology";

  private static final List<String> ROOT_KEYS =
      List.of(
          "version", "name", "application", "networks", "defaults", "self", "exchange", "nodes");
  private static final List<String> NETWORK_KEYS = List.of("cidrs");
  private static final List<String> DEFAULTS_KEYS = List.of("network", "labels", "settings");
  private static final List<String> NODE_KEYS =
      List.of("hostname", "addresses", "candidates", "labels", "settings", "state");
  private static final List<String> CANDIDATE_KEYS = List.of("address", "source");
  private static final List<String> STATES = List.of("present", "suspect", "departed");
  private static final List<String> SELF_RULES = List.of("env", "hostname", "address");

  private final YamlText text;
  private final Problems problems;
  private final YamlEvents events;

  private final List<Object> path = new ArrayList<>();
  private String name = "";
  private @Nullable String application;
  private final DeclaredNetworks networks = new DeclaredNetworks();
  private @Nullable String defaultNetwork;
  private long defaultNetworkPlace;
  private Map<String, String> defaultLabels = Map.of();
  private Map<String, String> defaultSettings = Map.of();
  private List<SelfRule> self = List.of(SelfRule.values());
  private @Nullable String exchange;

  private final List<Draft> drafts = new ArrayList<>();
  private final FirstOccurrences<String> ids = new FirstOccurrences<>(0);
  private final Places idPlaces = new Places();
  private final Places addressPlaces = new Places();

  private final List<@Nullable PeerAddress> candidates = new ArrayList<>();

  /** By order and not by hash: a file can be full of keys of one hash. */
  private final Map<Map<String, String>, Map<String, String>> sharedMaps =
      new TreeMap<>(TopologyReader::compare);

  private final Map<String, String> sharedTexts = new HashMap<>();

  private TopologyReader(YamlText text, int size, Problems problems) {
    this.text = text;
    this.problems = problems;
    this.events = new YamlEvents(text, size, problems);
  }

  /**
   * What reading a file came to.
   *
   * @param topology what the file says; empty if one of the problems is an error
   * @param problems errors and warnings, root cause first
   */
  public record Outcome(Optional<Topology> topology, List<Problem> problems) {
    private static Outcome ofFile(Code code, String file, String message, String fix) {
      return new Outcome(
          Optional.empty(), List.of(Problem.ofFile(code.toString(), file, message, fix)));
    }
  }

  /** A node as it is written; the sections that complete it may stand behind it. */
  private static final class Draft {
    private final @Nullable PeerId id;
    private final String writtenId;
    private final boolean repeated;
    private boolean faulty;
    private List<@Nullable PeerAddress> candidates = List.of();
    private int addressCount;
    private int firstPlace;
    private @Nullable String hostname;
    private Map<String, String> labels = Map.of();
    private Map<String, String> settings = Map.of();
    private String state = "present";

    /** Whether the candidates are what another source told, which nobody can correct here. */
    private boolean observed;

    /** Whether addresses were declared. */
    private boolean declared;

    Draft(@Nullable PeerId id, String writtenId, boolean repeated) {
      this.id = id;
      this.writtenId = writtenId;
      this.repeated = repeated;
    }

    /** Returns the path to an address. */
    String path(int index) {
      String list = observed ? ".candidates[" : ".addresses[";
      return "nodes." + writtenId + list + index + (observed ? "].address" : "]");
    }

    boolean departed() {
      return state.equals("departed");
    }
  }

  /** Places in the order of their numbers, without an object for each. */
  private static final class Places {
    private long[] all = new long[16];
    private int count;

    void add(long place) {
      if (count == all.length) {
        all = Arrays.copyOf(all, count + (count >> 1));
      }
      all[count++] = place;
    }

    long get(int number) {
      return all[number];
    }

    int count() {
      return count;
    }
  }

  /** Reads the value of a known key, on which the cursor stands. */
  private interface Field {
    void read(String key);
  }

  /**
   * Reads a file. Never waits for anything that is not a regular file, and never throws for what
   * the file is or says.
   *
   * @param file the file
   * @param shownName the file as problems name it
   * @return what the file says, or why it says nothing
   */
  public static Outcome read(Path file, String shownName) {
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(shownName, "shownName");
    byte[] content;
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      if (!attributes.isRegularFile()) {
        return Outcome.ofFile(
            Code.NOT_A_FILE,
            shownName,
            "expected a topology file, found "
                + (attributes.isDirectory() ? "a directory" : "a pipe, socket or device"),
            attributes.isDirectory()
                ? "name the file in it, such as bench.magpie.yaml"
                : "name a regular file");
      }
      if (attributes.size() > LONGEST_FILE) {
        return tooLarge(shownName);
      }
      content = RegularFile.read(file, LONGEST_FILE);
    } catch (NoSuchFileException e) {
      return Outcome.ofFile(
          Code.MISSING_FILE,
          shownName,
          Files.isSymbolicLink(file)
              ? "expected a topology file, found a link to a file that does not exist"
              : "expected a topology file, found none",
          "correct the name, or create the file");
    } catch (IOException e) {
      return unreadable(shownName, e);
    }
    return read(content, shownName);
  }

  private static Outcome unreadable(String shownName, IOException e) {
    String reason =
        e instanceof AccessDeniedException
            ? "access is denied"
            : e instanceof FileSystemException f && f.getReason() != null
                ? f.getReason()
                : String.valueOf(e.getMessage());
    return Outcome.ofFile(
        Code.UNREADABLE,
        shownName,
        "expected a topology file, found one that cannot be read: " + reason,
        "let the user that runs this program read the file");
  }

  private static Outcome tooLarge(String shownName) {
    return Outcome.ofFile(
        Code.TOO_LARGE,
        shownName,
        "expected a topology of at most " + LONGEST_FILE + " bytes, found a larger file",
        "name a topology file; if it is one, split the bench");
  }

  /**
   * Reads the content of a file. Never throws for what it says.
   *
   * @param content the bytes of the file
   * @param shownName the file as problems name it
   * @return what the file says, or why it says nothing
   */
  public static Outcome read(byte[] content, String shownName) {
    Objects.requireNonNull(content, "content");
    Objects.requireNonNull(shownName, "shownName");
    if (content.length > LONGEST_FILE) {
      return tooLarge(shownName);
    }
    YamlText text = new YamlText(content);
    Problems problems = new Problems(shownName, text);
    if (!text.check(problems)) {
      return new Outcome(Optional.empty(), problems.rootCauseFirst());
    }
    TopologyReader reader = new TopologyReader(text, content.length, problems);
    if (!reader.document() && !problems.hasError()) {
      return Outcome.ofFile(
          Code.EMPTY,
          shownName,
          "expected a topology, found an empty file",
          "begin with \"version: 1\", \"name: NAME\" and \"nodes:\"");
    }
    Optional<Topology> topology =
        problems.hasError() ? Optional.empty() : Optional.of(reader.topology());
    return new Outcome(topology, problems.rootCauseFirst());
  }

  /** Reads the document and checks it; returns false if there is none. */
  private boolean document() {
    try {
      Kind root = events.begin();
      if (root == Kind.NOTHING || (root == Kind.SCALAR && events.isNull())) {
        return events.endWithoutTopology();
      }
      if (is(Kind.MAPPING, "a mapping with the keys version, name and nodes")) {
        root();
        references();
      }
      events.end();
    } catch (YamlEvents.Stopped reported) {
      return true;
    } finally {
      events.reportAliases();
    }
    return true;
  }

  // ---- what stands in the file ----

  private void root() {
    Set<String> misspelt =
        fields(
            ROOT_KEYS,
            List.of("version", "name", "nodes"),
            events.place(),
            key -> {
              switch (key) {
                case "version" -> version();
                case "name" -> name = Objects.requireNonNullElse(name(), "");
                case "application" -> application = name();
                case "networks" -> networks();
                case "defaults" -> defaults();
                case "self" -> self();
                case "exchange" -> exchange();
                default -> nodes();
              }
            });
    if (misspelt.contains("networks")) {
      networks.namesUnknown();
    }
  }

  private void version() {
    if (events.kind() == Kind.SCALAR && events.isNumber()) {
      if (!events.value().equals("1")) {
        problem(
            Code.UNSUPPORTED_VERSION,
            "expected version 1, found version " + events.value(),
            "write \"version: 1\", or use a release that knows this version");
      }
    } else if (events.kind() != Kind.FAULT) {
      wrongType("the number 1", "write \"version: 1\"");
    }
  }

  private @Nullable String name() {
    String written = text("a name", true);
    if (written != null && !Network.isName(written)) {
      badName(written, events.place());
      return null;
    }
    return written;
  }

  private void badName(String written, long place) {
    problems.add(
        Code.BAD_NAME,
        place,
        "expected a name (1 to 63 ASCII letters, digits, '.', '-', '_', beginning with a letter),"
            + " found "
            + Quote.of(written),
        path(),
        "choose another name");
  }

  private void networks() {
    if (!is(Kind.MAPPING, "a mapping of names to networks")) {
      networks.namesUnknown();
      return;
    }
    entries(
        (network, place, first) -> {
          if (!Network.isName(network)) {
            badName(network, place);
            networks.namesUnknown();
          }
          networks.add(network);
          int faults = faults();
          int correctable = 0;
          if (is(Kind.MAPPING, "a mapping with the key cidrs")) {
            int[] hostBits = new int[1];
            fields(NETWORK_KEYS, NETWORK_KEYS, place, key -> hostBits[0] += cidrs(network, first));
            correctable = hostBits[0];
          }
          if (faults() > faults + correctable) {
            networks.cidrsUnknown();
          }
        });
  }

  /** Reads the CIDRs of a network; returns how many faults are known well enough to go on. */
  private int cidrs(String network, boolean first) {
    int understood = 0;
    if (!is(Kind.LIST, "a list of networks such as [192.0.2.0/24]")) {
      return understood;
    }
    long list = events.place();
    int count = 0;
    for (; events.next() != Kind.END; count++) {
      path.add(count);
      String written = text("a network such as 192.0.2.0/24", false);
      if (written != null) {
        Cidr cidr = null;
        try {
          cidr = Cidr.parse(written);
        } catch (IllegalArgumentException e) {
          Optional<Cidr> meant = PeerAddress.of(written, SOURCE).subnet();
          if (meant.isPresent()) {
            problem(Code.HOST_BITS, e.getMessage(), "write " + meant.get());
            cidr = meant.get();
          } else {
            problem(
                Code.BAD_CIDR,
                e.getMessage(),
                "write the first address of the network, a slash and the prefix length");
            networks.doubt(written);
          }
          understood++;
        }
        if (cidr != null && first) {
          networks.add(new DeclaredNetworks.Declared(network, cidr, events.place(), path()));
        }
      }
      pop();
    }
    if (count == 0) {
      problems.add(
          Code.BAD_VALUE,
          list,
          "expected at least one network, found an empty list",
          path(),
          "write at least one, such as [192.0.2.0/24]");
    }
    return understood;
  }

  private void defaults() {
    if (!is(Kind.MAPPING, "a mapping with the keys network, labels and settings")) {
      return;
    }
    fields(
        DEFAULTS_KEYS,
        List.of(),
        events.place(),
        key -> {
          switch (key) {
            case "network" -> {
              defaultNetwork = text("the name of a network", false);
              defaultNetworkPlace = events.place();
            }
            case "labels" -> defaultLabels = texts("labels");
            default -> defaultSettings = texts("settings");
          }
        });
  }

  private void self() {
    if (!is(Kind.LIST, "a list such as [env, hostname, address]")) {
      return;
    }
    long list = events.place();
    Set<SelfRule> rules = new LinkedHashSet<>();
    int count = 0;
    for (; events.next() != Kind.END; count++) {
      path.add(count);
      String word = word("env, hostname or address", SELF_RULES);
      if (word != null && !rules.add(SelfRule.valueOf(word.toUpperCase(Locale.ROOT)))) {
        problem(
            Code.BAD_VALUE,
            "expected each way once, found " + word + " again",
            "remove one of them");
      }
      pop();
    }
    if (count == 0) {
      problems.add(
          Code.BAD_VALUE,
          list,
          "expected at least one of env, hostname, address, found an empty list",
          path(),
          "remove the key; all three are the default");
    }
    self = List.copyOf(rules);
  }

  private void exchange() {
    String written = text("a directory", true);
    if (written != null && (written.isEmpty() || written.indexOf('\0') >= 0)) {
      problem(
          Code.BAD_VALUE,
          "expected a directory, found " + Quote.of(written),
          "write a directory such as ./bench.d, or remove the key");
      return;
    }
    exchange = written;
  }

  private void nodes() {
    if (!is(Kind.MAPPING, "a mapping of peer ids to nodes")) {
      return;
    }
    while (events.next() != Kind.END) {
      if (events.kind() != Kind.SCALAR) {
        noKey();
        continue;
      }
      String id = events.value();
      path.add(id);
      node(id);
      pop();
    }
  }

  private void node(String written) {
    PeerId id = null;
    try {
      id = PeerId.of(written);
    } catch (IllegalArgumentException e) {
      problem(Code.BAD_ID, e.getMessage(), "choose another id");
    }
    int first = ids.add(written);
    if (first >= 0) {
      problem(
          Code.DUPLICATE_ID,
          "expected every node once, found "
              + Quote.of(written)
              + " again; it is first at "
              + text.locate(idPlaces.get(first)),
          "give one of the two another id, or remove it");
    }
    idPlaces.add(events.place());
    Draft draft = new Draft(id, written, first >= 0);
    int faults = faults();
    drafts.add(draft);
    candidates.clear();
    draft.firstPlace = addressPlaces.count();
    events.next();
    if (is(Kind.MAPPING, "a mapping with the keys of a node")) {
      fields(
          NODE_KEYS,
          List.of(),
          events.place(),
          key -> {
            switch (key) {
              case "hostname" -> draft.hostname = hostname();
              case "addresses" -> addresses(draft);
              case "candidates" -> observed(draft);
              case "labels" -> draft.labels = texts("labels");
              case "settings" -> draft.settings = texts("settings");
              default ->
                  draft.state =
                      Objects.requireNonNullElse(
                          word("present, suspect or departed", STATES), draft.state);
            }
          });
    }
    if (draft.observed && (draft.declared || draft.hostname != null)) {
      problems.add(
          Code.BAD_VALUE,
          idPlaces.get(idPlaces.count() - 1),
          "expected either candidates or addresses and a host name, found both",
          path(),
          "list the addresses and the host name among the candidates, or remove those");
    }
    draft.faulty = faults() > faults;
    draft.addressCount = candidates.size();
    if (draft.hostname != null) {
      candidates.add(PeerAddress.of(draft.hostname, "hostname"));
    }
    draft.candidates =
        draft.faulty
            ? Collections.unmodifiableList(new ArrayList<>(candidates))
            : List.copyOf(candidates);
  }

  private @Nullable String hostname() {
    String written = text("a host name", true);
    if (written != null && !isHostname(written)) {
      boolean address = PeerAddress.of(written, SOURCE).ip().isPresent();
      int colon = written.lastIndexOf(':');
      boolean port = colon > 0 && isHostname(written.substring(0, colon));
      problem(
          Code.BAD_HOSTNAME,
          address
              ? "expected a host name, found the address " + written
              : "expected a host name (1 to 253 ASCII letters, digits, '-', '_', in parts of at"
                  + " most 63 with dots between them, the last not all digits), found "
                  + Quote.of(written)
                  + (port ? "; ports do not belong here" : ""),
          address
              ? "list it under \"addresses\""
              : port
                  ? "write " + Quote.of(written.substring(0, colon)) + " alone"
                  : "correct the host name");
      return null;
    }
    return written;
  }

  private static boolean isHostname(String written) {
    if (written.length() > 253) {
      return false;
    }
    int start = 0;
    boolean digits = true;
    for (int i = 0; i <= written.length(); i++) {
      char c = i < written.length() ? written.charAt(i) : '.';
      if (c == '.') {
        if (i == start
            || i - start > 63
            || written.charAt(start) == '-'
            || written.charAt(i - 1) == '-') {
          return false;
        }
        if (i < written.length()) {
          start = i + 1;
          digits = true;
        }
        continue;
      }
      boolean digit = c >= '0' && c <= '9';
      digits &= digit;
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!(digit || letter || c == '-' || c == '_')) {
        return false;
      }
    }
    return !digits;
  }

  private void addresses(Draft draft) {
    // A second list (which is reported) stands for the first, as the places must match.
    candidates.clear();
    draft.firstPlace = addressPlaces.count();
    draft.declared = true;
    if (!is(Kind.LIST, "a list of addresses such as [192.0.2.11/24]")) {
      return;
    }
    for (int i = 0; events.next() != Kind.END; i++) {
      path.add(i);
      addressPlaces.add(events.place());
      candidates.add(address());
      pop();
    }
  }

  private @Nullable PeerAddress address() {
    String written = text("an address such as 192.0.2.11/24", false);
    if (written == null) {
      return null;
    }
    PeerAddress candidate = PeerAddress.of(written, SOURCE);
    if (candidate.ip().isEmpty()) {
      problem(
          Code.BAD_ADDRESS,
          "expected an address such as 192.0.2.11/24, found "
              + Quote.of(written)
              + ", "
              + candidate.note().orElse("no IP address"),
          isHostname(written)
              ? "write \"hostname: " + written + "\" instead, if this is a host name"
              : "correct the address");
      return null;
    }
    return candidate;
  }

  /**
   * Reads what another source told of the node: addresses and host names in the order and with the
   * sources that they had there. Unlike declared addresses they may be shared by nodes, as the
   * address of a service is, and may be no addresses at all: that is how they were seen.
   */
  private void observed(Draft draft) {
    candidates.clear();
    draft.firstPlace = addressPlaces.count();
    draft.observed = true;
    if (!is(Kind.LIST, "a list such as [{ address: 192.0.2.11, source: topology }]")) {
      return;
    }
    for (int i = 0; events.next() != Kind.END; i++) {
      path.add(i);
      long[] place = {events.place()};
      @Nullable String[] written = new @Nullable String[CANDIDATE_KEYS.size()];
      if (is(Kind.MAPPING, "a mapping with the keys address and source")) {
        fields(
            CANDIDATE_KEYS,
            CANDIDATE_KEYS,
            place[0],
            key -> {
              int index = CANDIDATE_KEYS.indexOf(key);
              place[0] = index == 0 ? events.place() : place[0];
              written[index] = told(index == 0 ? "an address or a host name" : "a source");
            });
      }
      addressPlaces.add(place[0]);
      String address = written[0];
      String source = written[1];
      candidates.add(address == null || source == null ? null : PeerAddress.of(address, source));
      pop();
    }
  }

  private @Nullable String told(String expected) {
    String written = text(expected, true);
    if (written != null && written.isEmpty()) {
      problem(
          Code.BAD_VALUE, "expected " + expected + ", found an empty text", "write " + expected);
      return null;
    }
    return written;
  }

  // ---- the shapes that values have ----

  /** Reads a mapping of keys that this format knows; returns those that were misspelt. */
  private Set<String> fields(List<String> known, List<String> required, long at, Field field) {
    long[] places = new long[known.size()];
    Arrays.fill(places, -1);
    Set<String> misspelt = Set.of();
    while (events.next() != Kind.END) {
      if (events.kind() != Kind.SCALAR) {
        noKey();
        continue;
      }
      String key = events.value();
      long place = events.place();
      path.add(key);
      int index = known.indexOf(key);
      if (index >= 0) {
        if (places[index] >= 0) {
          duplicateKey(key, place, places[index]);
        } else {
          places[index] = place;
        }
        events.next();
        field.read(key);
      } else {
        events.next();
        if (!key.startsWith("x-") && !events.anchored()) {
          Optional<String> meant = unknownKey(key, place, known);
          if (meant.isPresent()) {
            misspelt = misspelt.isEmpty() ? new HashSet<>() : misspelt;
            misspelt.add(meant.get());
          }
        }
        events.skip();
      }
      pop();
    }
    for (String key : required) {
      if (places[known.indexOf(key)] < 0 && !misspelt.contains(key)) {
        missingKey(key, at);
      }
    }
    return misspelt;
  }

  private void missingKey(String key, long at) {
    problems.add(
        Code.MISSING_KEY,
        at,
        "expected the key " + Quote.of(key) + ", found none",
        path(),
        switch (key) {
          case "version" -> "add \"version: 1\"";
          case "name" -> "add \"name: NAME\"";
          case "address" -> "add \"address: ADDRESS\" with an address or a host name";
          case "source" -> "add \"source: SOURCE\" with what told the address";
          case "cidrs" -> "add \"cidrs: [192.0.2.0/24]\" with the networks that it is made of";
          default -> "add \"nodes:\" with a mapping of peer ids to nodes";
        });
  }

  private Optional<String> unknownKey(String key, long place, List<String> known) {
    Optional<String> meant = Quote.nearest(key, known);
    int colon = key.indexOf(':');
    String fix =
        meant.isPresent()
            ? "write " + Quote.of(meant.get())
            : key.equals("<<")
                ? "write the keys out, or put what nodes share under \"defaults\"; YAML 1.2 has no"
                    + " merge key"
                : colon > 0 && known.contains(key.substring(0, colon))
                    ? "write a blank behind the colon"
                    : "remove it, or let its name begin with \"x-\" to keep it as a note";
    problems.add(
        Code.UNKNOWN_KEY,
        place,
        "expected one of " + String.join(", ", known) + ", found the key " + Quote.of(key),
        path(),
        fix);
    return meant.or(
        () -> colon > 0 ? Optional.of(key.substring(0, colon)) : Optional.<String>empty());
  }

  private void duplicateKey(String key, long place, long first) {
    problems.add(
        Code.DUPLICATE_KEY,
        place,
        "expected every key once, found "
            + Quote.of(key)
            + " again; it is first at "
            + text.locate(first),
        path(),
        "remove one of the two");
  }

  /** Passes over a key that is a list, a mapping or a fault, with its value. */
  private void noKey() {
    if (events.kind() != Kind.FAULT) {
      wrongType("a key", "write the key as plain text");
    }
    events.skip();
    events.next();
    events.skip();
  }

  /** Reads one entry, whose value the cursor stands on. */
  private interface Entry {
    void read(String key, long place, boolean first);
  }

  /** Reads a mapping whose keys are names that the file chooses. */
  private void entries(Entry entry) {
    FirstOccurrences<String> seen = new FirstOccurrences<>(0);
    Places places = new Places();
    while (events.next() != Kind.END) {
      if (events.kind() != Kind.SCALAR) {
        noKey();
        continue;
      }
      String key = events.value();
      long place = events.place();
      path.add(key);
      int first = seen.add(key);
      places.add(place);
      if (first >= 0) {
        duplicateKey(key, place, places.get(first));
      }
      events.next();
      entry.read(key, place, first < 0);
      pop();
    }
  }

  /** Reads labels or settings. */
  private Map<String, String> texts(String what) {
    if (!is(Kind.MAPPING, "a mapping with " + what)) {
      return Map.of();
    }
    Map<String, String> texts = new TreeMap<>();
    entries(
        (key, place, first) -> {
          if (!isKey(key)) {
            problems.add(
                Code.BAD_KEY,
                place,
                "expected a key of 1 to 253 characters without \"=\" and control characters, found "
                    + Quote.of(key),
                path(),
                "choose another key");
          }
          if (events.kind() == Kind.LIST || events.kind() == Kind.MAPPING) {
            wrongType("text", "write the value as one text, in quotes where needed");
            events.skip();
          } else if (events.kind() == Kind.SCALAR) {
            if (events.value().isEmpty() || events.isNull()) {
              problem(
                  Code.EMPTY_VALUE,
                  "expected text, found " + events.found(),
                  "write a value, in quotes if it is \"~\" or \"null\", or remove the key");
            } else {
              texts.put(shared(key), shared(events.value()));
            }
          }
        });
    Map<String, String> same = sharedMaps.get(texts);
    if (same == null) {
      same = Collections.unmodifiableMap(texts);
      if (sharedMaps.size() < MOST_SHARED) {
        sharedMaps.put(same, same);
      }
    }
    return same;
  }

  /** Compares two maps that are in the order of their keys. */
  private static int compare(Map<String, String> a, Map<String, String> b) {
    int order = Integer.compare(a.size(), b.size());
    Iterator<Map.Entry<String, String>> others = b.entrySet().iterator();
    for (Map.Entry<String, String> one : a.entrySet()) {
      if (order != 0) {
        return order;
      }
      Map.Entry<String, String> other = others.next();
      order = one.getKey().compareTo(other.getKey());
      order = order != 0 ? order : one.getValue().compareTo(other.getValue());
    }
    return order;
  }

  private static boolean isKey(String key) {
    for (int i = 0; i < key.length(); i++) {
      if (key.charAt(i) == '=' || Character.isISOControl(key.charAt(i))) {
        return false;
      }
    }
    return !key.isEmpty() && key.length() <= LONGEST_KEY;
  }

  private String shared(String written) {
    String same = sharedTexts.get(written);
    if (same == null && sharedTexts.size() < MOST_SHARED) {
      sharedTexts.put(written, written);
    }
    return same == null ? written : same;
  }

  /**
   * Reads text, which must not be a number, true, false or null.
   *
   * @param quotable whether what looks like a number can be meant as text
   */
  private @Nullable String text(String expected, boolean quotable) {
    if (events.kind() == Kind.SCALAR && events.isText()) {
      return events.value();
    }
    if (events.kind() != Kind.FAULT) {
      wrongType(
          expected,
          quotable && events.kind() == Kind.SCALAR && !events.isNull()
              ? "put it in quotes: " + Quote.of(events.value())
              : "write " + expected + ", or remove this");
      events.skip();
    }
    return null;
  }

  private @Nullable String word(String expected, List<String> words) {
    String written = text(expected, false);
    if (written == null || words.contains(written)) {
      return written;
    }
    problem(
        Code.BAD_VALUE,
        "expected " + expected + ", found " + Quote.of(written),
        Quote.nearest(written, words)
            .map(meant -> "write " + meant)
            .orElse("write one of " + String.join(", ", words)));
    return null;
  }

  /** Tells whether the cursor stands on such a value; what else it stands on is passed over. */
  private boolean is(Kind kind, String expected) {
    if (events.kind() == kind) {
      return true;
    }
    if (events.kind() != Kind.FAULT) {
      wrongType(
          expected,
          kind == Kind.MAPPING
              ? "write its keys below it, or {} for none"
              : events.kind() == Kind.SCALAR && !events.isNull()
                  ? "write a list: [" + Quote.of(events.value()) + "]"
                  : "write a list, or remove the key");
      events.skip();
    }
    return false;
  }

  /** How much was wrong so far; what is faulty is no witness against anything else. */
  private int faults() {
    return problems.errors() + events.faults();
  }

  private void wrongType(String expected, String fix) {
    Optional<String> address =
        events.kind() == Kind.MAPPING ? events.bareAddress(events.place()) : Optional.empty();
    problem(
        Code.WRONG_TYPE,
        "expected "
            + expected
            + ", found "
            + address
                .map(bare -> bare + " without quotes, which YAML takes for a key")
                .orElseGet(events::found),
        address.map(bare -> "put it in quotes: " + Quote.of(bare)).orElse(fix));
  }

  private void problem(Code code, @Nullable String message, String fix) {
    problems.add(code, events.place(), String.valueOf(message), path(), fix);
  }

  private void pop() {
    path.remove(path.size() - 1);
  }

  private String path() {
    StringBuilder out = new StringBuilder();
    for (Object part : path) {
      if (part instanceof Integer index) {
        out.append('[').append(index.intValue()).append(']');
      } else {
        String key = part.toString();
        out.append(out.length() == 0 ? "" : ".");
        out.append(
            key.isEmpty()
                ? "\"\""
                : key.length() <= LONGEST_KEY ? key : key.substring(0, 60) + "...");
      }
    }
    return out.toString();
  }

  // ---- what refers to something else in the file ----

  private void references() {
    networks.check(problems, text);
    String network = defaultNetwork;
    if (network != null && !networks.has(network) && networks.namesKnown()) {
      List<String> names = networks.names();
      problems.add(
          Code.UNKNOWN_NETWORK,
          defaultNetworkPlace,
          names.isEmpty()
              ? "expected a network of this file, found " + Quote.of(network) + " and no networks"
              : "expected one of " + some(names) + ", found " + Quote.of(network),
          "defaults.network",
          names.isEmpty()
              ? "add the network under \"networks\""
              : Quote.nearest(network, names)
                  .map(meant -> "write " + meant)
                  .orElse("write the name of a network, or add this one under \"networks\""));
    }
    FirstOccurrences<IpAddress> addresses = new FirstOccurrences<>(addressPlaces.count());
    int others = 0;
    int firstOther = -1;
    for (int i = 0; i < drafts.size(); i++) {
      Draft draft = drafts.get(i);
      for (int k = 0; k < draft.addressCount; k++) {
        PeerAddress candidate = draft.candidates.get(k);
        IpAddress ip = candidate == null ? null : candidate.ip().orElse(null);
        // The numbers of addresses are those of their places.
        while (addresses.count() < draft.firstPlace + k) {
          addresses.pass();
        }
        if (candidate == null || ip == null) {
          continue;
        }
        if (!draft.departed() && !draft.repeated && !draft.observed) {
          int first = addresses.add(ip);
          if (first >= 0) {
            duplicateAddress(draft, k, candidate, first);
          }
        }
        place(draft, k, candidate, ip);
      }
      if (draft.candidates.isEmpty() && !draft.departed() && !draft.faulty) {
        problems.add(
            Code.NO_ADDRESS,
            idPlaces.get(i),
            "expected addresses or a host name, found neither: nobody can reach this node",
            "nodes." + draft.writtenId,
            "add \"addresses\", or \"hostname\" where no address is known");
      }
      int slash = draft.writtenId.indexOf('/');
      if (slash > 0 && application != null && !draft.writtenId.startsWith(application + "/")) {
        firstOther = others++ == 0 ? i : firstOther;
      }
    }
    if (others > 0) {
      problems.add(
          Code.OTHER_APPLICATION,
          idPlaces.get(firstOther),
          "expected ids that begin with \""
              + application
              + "/\", as the application is named, found "
              + Quote.of(drafts.get(firstOther).writtenId)
              + (others == 1 ? "" : " and " + (others - 1) + " more"),
          "nodes." + drafts.get(firstOther).writtenId,
          "correct the ids or \"application\"");
    }
  }

  private void duplicateAddress(Draft draft, int index, PeerAddress candidate, int first) {
    int low = 0;
    int high = drafts.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (drafts.get(middle).firstPlace <= first) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    Draft other = drafts.get(low);
    YamlText.Position at = text.locate(addressPlaces.get(first));
    problems.add(
        Code.DUPLICATE_ADDRESS,
        addressPlaces.get(draft.firstPlace + index),
        other == draft
            ? "expected every address once, found "
                + candidate.text()
                + " again; it is first at "
                + at
            : "expected an address of this node alone, found "
                + candidate.text()
                + ", which "
                + other.writtenId
                + " has too ("
                + at
                + ")",
        draft.path(index),
        other == draft
            ? "remove one of the two"
            : "correct one of the two, give the node that left \"state: departed\", or list an"
                + " address that nodes share, such as that of a service, under \"candidates\"");
  }

  private void place(Draft draft, int index, PeerAddress candidate, IpAddress ip) {
    DeclaredNetworks.Declared network = networks.of(ip);
    Optional<Cidr> subnet = candidate.subnet();
    long place = addressPlaces.get(draft.firstPlace + index);
    // What another source told cannot be corrected here.
    if (!draft.observed && (network != null || networks.isEmpty())) {
      // The address of a point-to-point link or a loopback is the first of a pool and no mistake.
      HostAddress.whyNot(ip, subnet.orElse(network == null ? null : network.cidr()))
          .ifPresent(
              reason ->
                  problems.add(
                      Code.UNUSABLE_ADDRESS,
                      place,
                      "expected an address that a host can have, found "
                          + candidate.text()
                          + ", "
                          + reason,
                      draft.path(index),
                      "write the address that the node itself has"));
    }
    if (networks.isEmpty()) {
      return;
    }
    if (network == null) {
      if (networks.mayMiss(ip)) {
        return;
      }
      problems.add(
          Code.ADDRESS_OUTSIDE_NETWORKS,
          place,
          candidate.text() + " is in none of: " + some(networks.names()),
          draft.path(index),
          "add a network "
              + subnet.map(cidr -> "for " + cidr).orElse("that contains " + candidate.text())
              + " or correct the address");
    } else if (subnet.isPresent() && disagree(subnet.get(), network.cidr())) {
      problems.add(
          Code.PREFIX_MISMATCH,
          place,
          "expected the prefix length of "
              + network.network()
              + ", which is "
              + network.cidr()
              + ", found "
              + candidate,
          draft.path(index),
          "write " + candidate.text() + "/" + network.cidr().prefixLength());
    }
  }

  /**
   * Whether a node has another idea of its network than the file: a wrong netmask, which lets some
   * peers be reached and others not. Loopback and point-to-point addresses, whose prefixes are
   * those of one or two addresses inside a declared pool, are no mistake.
   */
  private static boolean disagree(Cidr subnet, Cidr network) {
    int bits = subnet.address().isV6() ? 128 : 32;
    return subnet.prefixLength() != network.prefixLength() && subnet.prefixLength() < bits - 1;
  }

  private static String some(List<String> names) {
    return names.size() <= 12
        ? String.join(", ", names)
        : String.join(", ", names.subList(0, 12)) + " and " + (names.size() - 12) + " more";
  }

  // ---- what the file says ----

  private Topology topology() {
    Network preferred = null;
    List<Network> all = networks.toNetworks();
    for (Network network : all) {
      preferred = network.name().equals(defaultNetwork) ? network : preferred;
    }
    // By identity, because what nodes say alike is one map already.
    IdentityHashMap<Map<String, String>, Map<String, String>> labels = new IdentityHashMap<>();
    IdentityHashMap<Map<String, String>, Map<String, String>> settings = new IdentityHashMap<>();
    List<Topology.Entry> entries = new ArrayList<>(drafts.size());
    for (int i = 0; i < drafts.size(); i++) {
      Draft draft = drafts.get(i);
      // Kept no longer than needed: at the end there are all entries, and no drafts.
      drafts.set(i, null);
      PeerNode.Builder node =
          PeerNode.builder(Objects.requireNonNull(draft.id))
              .addresses(present(draft.candidates))
              .labels(overlaid(labels, defaultLabels, draft.labels))
              .settings(overlaid(settings, defaultSettings, draft.settings))
              .suspect(draft.state.equals("suspect"));
      if (preferred != null) {
        for (PeerAddress candidate : present(draft.candidates)) {
          if (candidate.ip().isPresent() && preferred.contains(candidate.ip().get())) {
            node.selected(candidate, "defaults.network " + preferred.name());
            break;
          }
        }
      }
      PeerNode built = node.build();
      share(labels, draft.labels, built.labels());
      share(settings, draft.settings, built.settings());
      entries.add(new Topology.Entry(built, Optional.ofNullable(draft.hostname), draft.departed()));
    }
    return new Topology(
        name,
        Objects.requireNonNullElse(application, name),
        all,
        Optional.ofNullable(defaultNetwork),
        self,
        Optional.ofNullable(exchange),
        Collections.unmodifiableList(entries));
  }

  /** A topology is made only where nothing was wrong, and then no candidate is missing. */
  @SuppressWarnings("NullAway")
  private static List<PeerAddress> present(List<@Nullable PeerAddress> candidates) {
    return candidates;
  }

  /** The defaults with what a node says itself, made once for all nodes that say the same. */
  private static Map<String, String> overlaid(
      Map<Map<String, String>, Map<String, String>> made,
      Map<String, String> defaults,
      Map<String, String> own) {
    Map<String, String> same = made.get(own);
    if (same != null) {
      return same;
    }
    Map<String, String> all = new TreeMap<>(defaults);
    all.putAll(own);
    return all;
  }

  private static void share(
      Map<Map<String, String>, Map<String, String>> made,
      Map<String, String> own,
      Map<String, String> built) {
    if (made.size() < MOST_SHARED) {
      made.putIfAbsent(own, built);
    }
  }
}
