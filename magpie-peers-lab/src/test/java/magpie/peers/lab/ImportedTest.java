/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.topology.MalformedTopologyException;
import magpie.peers.topology.Problem;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of other lab tools become topologies, or are refused with line and reason. */
class ImportedTest {
  @TempDir Path directory;

  private static Path resource(String name) throws URISyntaxException {
    return Path.of(ImportedTest.class.getResource("/" + name).toURI());
  }

  private Imported ansible(String text) {
    return Imported.ansible(Views.file(directory, "hosts", text), "hosts");
  }

  private Imported containerlab(String text) {
    return Imported.containerlab(Views.file(directory, "lab.clab.yml", text), "lab.clab.yml");
  }

  private static void assertRefused(String message, Runnable work) {
    assertEquals(message, assertThrows(MalformedTopologyException.class, work::run).getMessage());
  }

  /** Every node of an imported topology, read back from its text, in one line. */
  private List<String> nodes(Imported imported) {
    String text = imported.text();
    assertEquals(
        List.of(),
        Views.check(directory, text).stream()
            .filter(problem -> problem.severity() == Problem.Severity.ERROR)
            .toList());
    try (PeerView view = Views.observer(Views.file(directory, "imported.magpie.yaml", text))) {
      assertEquals(imported.ids(), view.ids());
      return view.nodes().stream().map(ImportedTest::line).toList();
    }
  }

  private static String line(PeerNode node) {
    return node.id() + " " + node.addresses() + " " + node.labels() + " " + node.settings();
  }

  private static List<String> leftOut(Imported imported) {
    return imported.leftOut().stream().map(Problem::toString).toList();
  }

  // ---- real files ----

  /** Every host of every file: the nodes, and behind a bar what is named although it is no node. */
  private static final Map<String, String> HOSTS =
      Map.ofEntries(
          Map.entry("containerlab/01-linux-nodes.clab.yml", "l1 l2 l3"),
          Map.entry("containerlab/01-vxlan.clab.yml", "l2 srl1"),
          Map.entry("containerlab/br01.clab.yml", "srl1 srl2 srl3 | node br-clab"),
          Map.entry("containerlab/clos01.clab.yml", "client1 client2 leaf1 leaf2 spine"),
          Map.entry(
              "containerlab/clos02.clab.yml",
              "client1 client2 client3 client4 leaf1 leaf2 leaf3 leaf4 spine1 spine2 spine3 spine4"
                  + " superspine1 superspine2"),
          Map.entry("containerlab/frr01.clab.yml", "PC1 PC2 PC3 router1 router2 router3"),
          Map.entry(
              "containerlab/lab-distributed.clab.yaml",
              "srsim10-1 srsim10-2 srsim10-a srsim10-b srsim11-1 srsim11-2 srsim11-a srsim11-b"),
          Map.entry("containerlab/srl02.clab.yml", "srl1 srl2"),
          Map.entry("containerlab/topo8_ansible_groups.yml", "node1 node2 node3 node4"),
          Map.entry("containerlab/vxlan-sros.clab.yml", "sros"),
          Map.entry("ansible/kubespray-sample.ini", ""),
          Map.entry("ansible/lamp_haproxy.hosts.ini", "db1 lb1 nagios web1 web2"),
          Map.entry("ansible/lamp_simple.hosts.ini", "web2 web3"),
          Map.entry("ansible/mongodb.hosts.ini", "mongo1 mongo2 mongo3 mongo4"),
          Map.entry("ansible/kubespray-local.ini", "node1"));

  @TestFactory
  Stream<DynamicTest> importsEveryRealFile() throws Exception {
    Path labs = resource("labs");
    try (Stream<Path> files = Files.walk(labs)) {
      List<String> found =
          files
              .filter(Files::isRegularFile)
              .map(file -> labs.relativize(file).toString())
              .filter(name -> name.contains("/"))
              .sorted()
              .toList();
      assertEquals(new TreeMap<>(HOSTS).keySet().stream().toList(), found);
      return found.stream()
          .map(name -> DynamicTest.dynamicTest(name, () -> imports(labs.resolve(name), name)));
    }
  }

  private void imports(Path file, String name) {
    String expected = HOSTS.get(name);
    Imported imported =
        name.startsWith("ansible/")
            ? Imported.ansible(file, name)
            : Imported.containerlab(file, name);
    nodes(imported);
    String named =
        leftOut(imported).stream()
            .filter(line -> line.contains("] node "))
            .map(line -> line.replaceAll("(?s).*\\] (node [^:]+):.*", " | $1"))
            .collect(Collectors.joining());
    String ids = imported.ids().stream().map(PeerId::value).collect(Collectors.joining(" "));
    assertEquals(expected, ids + named);
  }

  // ---- Ansible ----

  @Test
  void readsIniAsAnsibleDoes() {
    Imported imported =
        ansible(
            """
            # comment
            mail.example.com  ansible_port=22 no=1
            [web]
            web[01:03].example.com:2222 http_port=80 motd='two words' # comment
            db-[a:c:2] ansible_host=10.0.0.5
            [web:vars]
            http_port=8080
            proxy = "p q"
            [dc:children]
            web
            [dc:vars]
            http_port=1
            site=south
            proxy=none
            [all:vars]
            site=nowhere
            ntp=10.0.0.1
            """);
    assertEquals(
        List.of(
            "db-a [10.0.0.5] {group=web, group.dc=true, group.web=true}"
                + " {http_port=8080, ntp=10.0.0.1, proxy=p q, site=south}",
            "db-c [10.0.0.5] {group=web, group.dc=true, group.web=true}"
                + " {http_port=8080, ntp=10.0.0.1, proxy=p q, site=south}",
            "mail.example.com [mail.example.com] {} {no=1, ntp=10.0.0.1, site=nowhere}",
            "web01.example.com [web01.example.com] {group=web, group.dc=true, group.web=true}"
                + " {http_port=80, motd=two words, ntp=10.0.0.1, proxy=p q, site=south}",
            "web02.example.com [web02.example.com] {group=web, group.dc=true, group.web=true}"
                + " {http_port=80, motd=two words, ntp=10.0.0.1, proxy=p q, site=south}",
            "web03.example.com [web03.example.com] {group=web, group.dc=true, group.web=true}"
                + " {http_port=80, motd=two words, ntp=10.0.0.1, proxy=p q, site=south}"),
        nodes(imported));
    assertEquals(
        List.of(
            "hosts:2:19: warning [not-carried-over] variable ansible_port (4 times, first here):"
                + " it is for Ansible alone"),
        leftOut(imported));
  }

  @Test
  void readsYamlAsAnsibleDoes() {
    Imported imported =
        ansible(
            """
            all:
              hosts:
                mail.example.com:
              vars: { site: nowhere, ntp: 10.0.0.1 }
              children:
                web: &web
                  hosts:
                    web[1:2]: { ansible_host: 10.0.0.7, port: 080, tags: [a] }
                  vars: { site: south }
                  odd: 1
                db:
                  hosts: { web1: { mode: "on" } }
                  vars: { site: north, ansible_group_priority: 5, empty: "" }
                more:
                  <<: *web
                  hosts:
                    192.0.2.9:
                    bad host!:
            """);
    assertEquals(
        List.of(
            "192.0.2.9 [192.0.2.9] {group=more, group.more=true} {ntp=10.0.0.1, site=south}",
            "bad-host- [] {group=more, group.more=true} {ntp=10.0.0.1, site=south}",
            "mail.example.com [mail.example.com] {} {ntp=10.0.0.1, site=nowhere}",
            "web1 [10.0.0.7] {group=web,db, group.db=true, group.web=true}"
                + " {mode=on, ntp=10.0.0.1, port=080, site=north}",
            "web2 [10.0.0.7] {group=web, group.web=true}"
                + " {ntp=10.0.0.1, port=080, site=south}"),
        nodes(imported));
    assertEquals(
        List.of(
            "hosts:8:56: warning [not-carried-over] variable \"tags\" (2 times, first here): a"
                + " setting is one text, not empty",
            "hosts:10:7: warning [not-carried-over] key \"odd\" of group web: a group has hosts,"
                + " vars and children, and Ansible skips it too",
            "hosts:10:7: warning [not-carried-over] key \"odd\" of group more: a group has hosts,"
                + " vars and children, and Ansible skips it too",
            "hosts:13:28: warning [not-carried-over] variable ansible_group_priority: it is for"
                + " Ansible alone",
            "hosts:13:55: warning [not-carried-over] variable \"empty\": a setting is one text, not"
                + " empty",
            "hosts:18:9: warning [not-carried-over] the name \"bad host!\": it is no peer id; the"
                + " node is bad-host-",
            "hosts:18:9: warning [not-carried-over] the address \"bad host!\" of bad host!: it is"
                + " neither an IP address nor a host name"),
        leftOut(imported));
  }

  @Test
  void readsTheInventoryThatContainerlabGenerates() throws Exception {
    Path file = resource("inventories/generated-by-containerlab.yml");
    Imported imported = Imported.containerlab(file, "ansible-inventory.yml");
    assertEquals(
        List.of(
            "clab-demo-client [172.20.20.5] {group=linux, group.linux=true} {}",
            "clab-demo-leaf1 [172.20.20.3]"
                + " {group=nokia_srlinux,leaf, group.leaf=true, group.nokia_srlinux=true} {}",
            "clab-demo-leaf2 [2001:172:20:20::4]"
                + " {group=nokia_srlinux,leaf, group.leaf=true, group.nokia_srlinux=true} {}"),
        nodes(imported));
    assertEquals(imported.text(), Imported.ansible(file, "ansible-inventory.yml").text());
    assertFalse(leftOut(imported).toString().contains("secret-of-the-lab"), "no password is shown");
    assertEquals(5, imported.leftOut().size());
  }

  @Test
  void keepsAnIpv6HostAndAHostWithPort() {
    assertEquals(
        List.of(
            "2001-db8--1 [2001:db8::1] {group=v6, group.v6=true} {}",
            "2001-db8--2 [2001:db8::2] {group=v6, group.v6=true} {}",
            "web [web] {group=v6, group.v6=true} {}"),
        nodes(ansible("[v6]\n2001:db8::1\n[2001:db8::2]:22\nweb:8022\n")));
  }

  @Test
  void refusesWhatOnlyAnsibleCanKnow() {
    Path script = Views.file(directory, "script", "#!/usr/bin/env python3\n");
    // A comment, as long as nobody may run it.
    assertEquals(List.of(), Imported.ansible(script, "script").ids());
    assertTrue(script.toFile().setExecutable(true));
    assertRefused(
        """
        script:1:1: error [script] expected a static inventory, found a script, which Ansible runs to get one
          1 | #!/usr/bin/env python3
            | ^^^^^^^^^^^^^^^^^^^^^^
          fix: import what it prints: ansible-inventory -i FILE --list --yaml""",
        () -> Imported.ansible(script, "script"));
    assertRefused(
        """
        hosts:1:1: error [vault] expected an inventory, found one encrypted by vault
          1 | $ANSIBLE_VAULT;1.1;AES256
            | ^^^^^^^^^^^^^^^^^^^^^^^^^
          fix: decrypt a copy with ansible-vault view and import that""",
        () -> ansible("$ANSIBLE_VAULT;1.1;AES256\n6162\n"));
    assertRefused(
        """
        hosts:2:1: error [plugin] expected a static inventory, found the configuration of the inventory plugin "amazon.aws.aws_ec2"
          2 | plugin: amazon.aws.aws_ec2
            | ^^^^^^
          at plugin; fix: import what it finds: ansible-inventory -i FILE --list --yaml""",
        () -> ansible("---\nplugin: amazon.aws.aws_ec2\nregions: [x]\n"));
    assertRefused(
        """
        hosts:2:1: error [bad-host] expected the name of a host, found "web1:"
          2 | web1:
            | ^^^^^
          fix: leave the colon out; an inventory in YAML begins with a group""",
        () -> ansible("[web]\nweb1:\n"));
    assertRefused(
        """
        hosts:2:1: error [syntax] expected a character behind the backslash, found the end of the line
          2 | web1 a=b\\
            | ^^^^^^^^^
          fix: remove the backslash; a line is not continued""",
        () -> ansible("[web]\nweb1 a=b\\\n"));
  }

  @Test
  void namesWhatOnlyAnsibleCanReadWhereItIsUsed() {
    Imported imported =
        ansible(
            """
            all:
              more: text
              hosts:
                a:
                  token: !vault |
                    $ANSIBLE_VAULT
                  url: "http://x:{{ port }}/"
                  ansible_user: "{{ lookup('env', 'USER') }}"
                b:
                  ansible_host: "{{ address }}"
            extra: text
            """);
    assertEquals(List.of("a [a] {} {}", "b [] {} {}"), nodes(imported));
    assertEquals(
        List.of(
            "hosts:2:3: warning [not-carried-over] key \"more\" of group all: a group has hosts, vars"
                + " and children, and Ansible skips it too",
            "hosts:5:7: warning [not-carried-over] variable \"token\": it is a value encrypted by"
                + " vault",
            "hosts:7:7: warning [not-carried-over] variable \"url\": it is the template \"{{ port }}\"",
            "hosts:8:7: warning [not-carried-over] variable ansible_user: it is for Ansible alone",
            "hosts:10:7: warning [not-carried-over] the address of b: it is the template \"{{ address"
                + " }}\"",
            "hosts:11:1: warning [not-carried-over] key \"extra\": it is no group, and Ansible skips it"
                + " too"),
        leftOut(imported));
  }

  @Test
  void readsValuesOfIniAsPythonDoes() {
    assertEquals(
        List.of(
            "web [web] {group=g, group.g=true} {a=1, c=two # words, d=q, e=8080, f=shop,"
                + " g=web # no comment, h=1.5}"),
        nodes(
            ansible(
                """
                [g]
                web a=1#comment b=x
                [g:vars]
                c=two # words
                d='q' # comment
                e=8080 # the port
                f="shop"
                g=web # no comment
                h=1.5  # half
                """)));
  }

  @Test
  void namesWhatIsEncryptedWhereHostsAndVariablesAre() {
    Imported imported =
        ansible(
            """
            web:
              hosts: !vault x
              vars: !vault |
                6162
              children: !vault y
            all: !vault z
            db:
              hosts:
                "{{ name }}": { port: 1 }
                "{{ other }}": { ansible_host: 192.0.2.7 }
            """);
    assertEquals(
        List.of(
            "name--- [] {group=db, group.db=true} {port=1}",
            "other--- [192.0.2.7] {group=db, group.db=true} {}"),
        nodes(imported));
    String vault = ": it is a value encrypted by vault";
    assertEquals(
        List.of(
            "hosts:1:1: warning [not-carried-over] group \"web\": it has no hosts",
            "hosts:2:10: warning [not-carried-over] the hosts of web" + vault,
            "hosts:3:9: warning [not-carried-over] the variables of web" + vault,
            "hosts:5:13: warning [not-carried-over] the children of web" + vault,
            "hosts:6:1: warning [not-carried-over] key \"all\"" + vault,
            "hosts:9:5: warning [not-carried-over] the name \"{{ name }}\": it is the template \"{{ name"
                + " }}\"; the node is name---",
            "hosts:9:5: warning [not-carried-over] the address of {{ name }}: it is the template \"{{"
                + " name }}\"",
            "hosts:10:5: warning [not-carried-over] the name \"{{ other }}\": it is the template \"{{"
                + " other }}\"; the node is other---"),
        leftOut(imported));
  }

  @Test
  void aCommentInAnotherEncodingRefusesNoInventory() throws IOException {
    Path file = directory.resolve("hosts");
    Files.write(
        file, "# Z\u00fcrich\n; \u00e9\n[web]\nw1 # \u20ac\n".getBytes(StandardCharsets.UTF_8));
    assertEquals(List.of(PeerId.of("w1")), Imported.ansible(file, "hosts").ids());
    Files.write(file, "# Z\u00fcrich\n; \u00e9\n[web]\nw1\n".getBytes(StandardCharsets.ISO_8859_1));
    assertEquals(List.of(PeerId.of("w1")), Imported.ansible(file, "hosts").ids());
    Files.write(
        file, "# Z\u00fcrich\n[web]\nw1 city=Z\u00fcrich\n".getBytes(StandardCharsets.ISO_8859_1));
    assertRefused(
        """
        hosts:3:10: error [not-utf8] expected an Ansible inventory in UTF-8, found the byte 0xfc, which is "\u00fc" in Latin-1
          3 | w1 city=Z\u00fcrich
            |          ^
          fix: save it as UTF-8: iconv -f LATIN1 -t UTF-8 FILE, if it is Latin-1""",
        () -> Imported.ansible(file, "hosts"));
  }

  @Test
  void namesTomlAtItsFirstLine() {
    assertRefused(
        """
        hosts:2:1: error [toml] expected an inventory in INI or YAML, found a line of TOML: "hosts = [\\"a\\", \\"b\\"]"
          2 | hosts = ["a", "b"]
            | ^^^^^^^^^^^^^^^^^^
          fix: import what it says: ansible-inventory -i FILE --list --yaml""",
        () -> ansible("[web]\nhosts = [\"a\", \"b\"]\n[web.vars]\nx = 1\n"));
    // Among variables this is INI.
    assertEquals(
        List.of("a [a] {group=g, group.g=true} {x=1}"),
        nodes(ansible("[g]\na\n[g:vars]\nx = 1\n")));
  }

  @Test
  void namesATemplateThatNoQuotesHoldTogether() {
    assertRefused(
        """
        hosts:1:20: error [template] expected KEY=VALUE behind the host, found "ip" of the template "{{ ip }}", which stands in no quotes
          1 | w1 ansible_host={{ ip }}
            |                    ^^
          fix: write the value that the template comes to""",
        () -> ansible("w1 ansible_host={{ ip }}\n"));
  }

  /** What {@code ast.literal_eval} of Python makes of the values. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "True # yes | True",
        "true | true",
        "Trueish | Trueish",
        "\"a\\tb\\x41\\u00e9\\101\" | `a\tbA\u00e9A`",
        "\"a\" 'b' | ab",
        "r'\\d' | \\d",
        "'''it's''' | it's",
        "0x10 | 16",
        "0b101 | 5",
        "0o17 | 15",
        "1_000 | 1000",
        "1__0 | 1__0",
        "007 | 007",
        "-7 | -7",
        "+7 | 7",
        "1.50 | 1.5",
        "2. | 2.0",
        ".5 | 0.5",
        "1e3 | 1000.0",
        "1e22 | 1e+22",
        "0.00001 | 1e-05",
        "1_0.5 | 10.5",
        "1e_5 | 1e_5",
        "1.2.3.4 | 1.2.3.4",
        "10.0.0.0/8 | 10.0.0.0/8",
        "1+2 | 1+2",
        "(1) | 1",
        "'open | 'open",
        "b'bytes' | bytes",
        "f'{x}' | f'{x}'",
        "[1, 2 | [1, 2",
        "None |",
        "[1, 2] |",
        "[1, [2, ('a',), {}],] # list |",
        "{'a': 1, 'b': [2]} |",
        "{1, 2} |",
        "80, 443 |",
      })
  void readsLiteralsOfPython(String written, String text) {
    Imported imported = ansible("a\n[all:vars]\nx=" + written + "\n");
    assertEquals(List.of("a [a] {} {" + (text == null ? "" : "x=" + text) + "}"), nodes(imported));
    assertEquals(
        text == null
            ? List.of(
                "hosts:3:1: warning [not-carried-over] variable \"x\": a setting is one text, not"
                    + " empty")
            : List.of(),
        leftOut(imported));
  }

  /** Inputs of the field, and what they come to. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a01-template-in-a-variable-that-is-dropped.ini | web1 [192.0.2.1] | ansible_python_interpreter",
        "a01b-vault-in-a-variable-that-is-dropped.yml | web1 [192.0.2.1] | ansible_password",
        "a02-variables-beside-the-inventory/hosts.ini | web1 [web1] | group_vars beside,host_vars beside",
        "a03-comment-behind-a-group-variable.ini | {name=shop, port=8080} | ''",
        "a05-nothing-written-as-a-tilde.yml | web1 [web1] {group=web, group.web=true} {} | ''",
        "a06-variable-of-the-shell.yml | {home=${HOME}} | ''",
        "a08-no-break-space.ini | web1 [192.0.2.1] {group=web, group.web=true} {} | ''",
        "c01-variable-alone-in-a-field-that-is-dropped.clab.yml | a [clab-one-a] | image,env",
        "c01b-variable-within-a-field-that-is-dropped.clab.yml | a [clab-one-a] | image,env",
        "c02-group-named-by-defaults.clab.yml | a [] {group=shared, kind=linux, network-mode=host,"
            + " site=north, type=small} | an address of a",
        "c03-group-named-by-kind.clab.yml | a [] {group=shared, kind=linux, network-mode=none,"
            + " site=north} | an address of a",
        "c07-kubernetes-cluster.clab.yml | k1-control-plane [k1-control-plane] | node k1",
        "c08-empty-label.clab.yml | a [clab-eight-a] {kind=linux} | site,hidden,other",
        "c12-kind-in-capitals.clab.yml | '' | node br0",
      })
  void importsInputsOfTheField(String name, String expected, String named) throws Exception {
    Path file = resource("field").resolve(name);
    Imported imported =
        name.contains("clab") ? Imported.containerlab(file, name) : Imported.ansible(file, name);
    String nodes = String.join("; ", nodes(imported));
    assertTrue(nodes.contains(expected), nodes);
    List<String> left = leftOut(imported);
    List<String> names = named.isEmpty() ? List.of() : List.of(named.split(","));
    assertEquals(names.size(), left.size(), left::toString);
    for (int i = 0; i < names.size(); i++) {
      assertTrue(left.get(i).contains(names.get(i)), left.get(i));
    }
  }

  @Test
  void aGoTemplateIsNamedAtItsLine() throws Exception {
    Path file = resource("field").resolve("c05-go-template-as-a-value.clab.yml");
    assertRefused(
        """
        lab.clab.yml:6:18: error [template] expected a value, found the Go template "{{ .address }}"
          6 |       mgmt-ipv4: {{ .address }}
            |                  ^^^^^^^^^^^^^^
          fix: write the value that the template comes to""",
        () -> Imported.containerlab(file, "lab.clab.yml"));
    assertEquals(
        List.of("a [clab-x-a] {note={% no template %}} {}"),
        nodes(
            containerlab(
                "# {{ a comment }}\nname: x\ntopology:\n  nodes:\n    a:\n      labels:\n        note:"
                    + " \"{% no template %}\"\n")));
  }

  @Test
  void aGoTemplateInQuotesIsNamedBehindAHashToo() {
    assertRefused(
        """
        lab.clab.yml:4:28: error [template] expected a value, found the Go template "{{ .t }}"
          4 |     a: { labels: { x: "a # {{ .t }}" } }
            |                            ^^^^^^^^
          fix: write the value that the template comes to""",
        () ->
            containerlab(
                "name: x\ntopology:\n  nodes:\n    a: { labels: { x: \"a # {{ .t }}\" } }\n"));
    assertEquals(
        "lab.clab.yml:8:14: error [template] expected a value, found the Go template \"{{ .t }}\"",
        firstLine(
            () ->
                containerlab(
                    """
                    name: x
                    topology:
                      nodes:
                        a:
                          exec:
                            - |
                              one
                               # {{ .t }}
                    """)));
  }

  @Test
  void sharesTheNetworkOfOneThatSharesAnothers() {
    Imported imported =
        containerlab(
            """
            name: x
            topology:
              nodes:
                c: { network-mode: "container:b" }
                b: { network-mode: "container:a" }
                a: { mgmt-ipv4: 172.20.20.5 }
                d: { network-mode: "container:clab-x-a" }
                e: { network-mode: "container:e" }
                f: { network-mode: "container:g" }
                g: { network-mode: "container:f" }
                h: { network-mode: "container:elsewhere" }
                i: { network-mode: "container:j" }
                j: { network-mode: none }
            """);
    assertEquals(
        List.of(
            "a [172.20.20.5/24, clab-x-a] {} {}",
            "b [172.20.20.5/24, clab-x-a] {network-mode=container:a} {}",
            "c [172.20.20.5/24, clab-x-a] {network-mode=container:b} {}",
            "d [172.20.20.5/24, clab-x-a] {network-mode=container:clab-x-a} {}",
            "e [] {network-mode=container:e} {}",
            "f [] {network-mode=container:g} {}",
            "g [] {network-mode=container:f} {}",
            "h [] {network-mode=container:elsewhere} {}",
            "i [] {network-mode=container:j} {}",
            "j [] {network-mode=none} {}"),
        nodes(imported));
    assertEquals(
        List.of(
            "e: it has that of the container \"e\", which has that of e in turn",
            "f: it has that of the container \"g\", which has that of f in turn",
            "g: it has that of the container \"f\", which has that of f in turn",
            "h: it has that of the container \"elsewhere\", which is no node here",
            "i: it has that of the container \"j\", which has none of its own",
            "j: it has none of its own, with network-mode none"),
        leftOut(imported).stream()
            .map(left -> left.replaceFirst(".* an address of ", ""))
            .toList());
  }

  @Test
  void sharesNetworksAndRefusesOneAddressTwice() {
    assertEquals(
        List.of(
            "a [172.20.20.5/24, clab-x-a] {} {}",
            "b [172.20.20.5/24, clab-x-a] {network-mode=container:a} {}"),
        nodes(
            containerlab(
                """
                name: x
                topology:
                  nodes:
                    a: { mgmt-ipv4: 172.20.20.5, network-mode: "" }
                    b: { network-mode: "container:a", mgmt-ipv4: "" }
                """)));
    assertRefused(
        """
        lab.clab.yml:5:21: error [duplicate-address] expected an address of this node alone, found 172.20.20.5, which a has too
          5 |     b: { mgmt-ipv4: 172.20.20.5 }
            |                     ^^^^^^^^^^^
          at mgmt-ipv4; fix: correct one of the two""",
        () ->
            containerlab(
                """
                name: x
                topology:
                  nodes:
                    a: { mgmt-ipv4: 172.20.20.5 }
                    b: { mgmt-ipv4: 172.20.20.5 }
                """));
  }

  @Test
  void refusesMoreThanATopologyHasRoomFor() {
    String motd = "x".repeat(2000);
    assertRefused(
        """
        hosts:2:1: error [too-large] expected hosts with their variables and labels to fit into a topology of 16777216 characters, found more
          2 | web[00000:09998]
            | ^^^^^^^^^^^^^^^^
          fix: split the file, or give variables and labels to fewer hosts""",
        () -> ansible("[web]\nweb[00000:09998]\n[web:vars]\nmotd=" + motd + "\n"));
    String pattern = "a".repeat(249);
    assertRefused(
        "hosts:1:1: error [bad-range] expected hosts such as web[01:20], found \""
            + "a".repeat(200)
            + "\"... (254 characters): it has more than 253 characters\n  1 | "
            + pattern.substring(0, 160)
            + "...\n    | "
            + "^".repeat(160)
            + "\n  fix: write a range such as web[01:20].example.com, or the hosts one by one",
        () -> ansible(pattern + "[1:2]\n"));
  }

  @Test
  void refusesLinesThatWouldTakeLongToRead() {
    assertEquals(
        "hosts:2:1: error [too-large] expected lines of at most 65536 characters, found a longer one",
        firstLine(() -> ansible("a\nb x=" + "y".repeat(65533) + "\n")));
    assertEquals(
        List.of(PeerId.of("a"), PeerId.of("b")), ansible("a\nb x=" + "y".repeat(65532)).ids());
    assertEquals(
        "hosts:1:1: error [too-large] expected lines of at most 1048576 characters, found a longer"
            + " one",
        firstLine(() -> ansible("all: { vars: { x: " + "y".repeat(1 << 20) + " } }\n")));
  }

  private static String firstLine(Runnable work) {
    return assertThrows(MalformedTopologyException.class, work::run)
        .getMessage()
        .lines()
        .findFirst()
        .orElse("");
  }

  @Test
  void countsLinesAsEditorsDoAndEndsThemAsPythonDoes() {
    assertEquals(
        List.of(PeerId.of("a"), PeerId.of("b"), PeerId.of("c")),
        ansible("[web]\na\u2028b\nc\n").ids());
    assertRefused(
        """
        hosts:3:3: error [bad-variable] expected KEY=VALUE behind the host, found "d"
          3 | c d
            |   ^
          fix: write KEY=VALUE, or the host on a line of its own""",
        () -> ansible("[web]\na\u2028b\nc d\n"));
  }

  @Test
  void givesHostsIdsOfTheirOwnWhateverTheirNames() {
    assertEquals(
        List.of(
            "a- [] {} {}", "a--2 [] {} {}", "a--3 [] {} {}", "host [] {} {}", "host-2 [] {} {}"),
        nodes(ansible("\u00e9\n\u00fc\na!\na?\na$\n")));
  }

  @Test
  void readsGroupsBehindAliasesOnceForEachOfTheirNames() {
    StringBuilder text = new StringBuilder("g0: &g0 { hosts: { a: } }\n");
    for (int i = 1; i <= 25; i++) {
      text.append(
          "g%d: &g%d { children: { a%d: *g%d, b%d: *g%d } }\n".formatted(i, i, i, i - 1, i, i - 1));
    }
    Imported imported = ansible(text.toString());
    assertEquals(List.of(PeerId.of("a")), imported.ids());
    assertEquals(76, imported.text().lines().filter(line -> line.contains("\"group.")).count());
  }

  @Test
  void mergesAMappingThatAliasesNameManyTimes() {
    StringBuilder text = new StringBuilder("x0: &x0 { a: { mgmt-ipv4: 192.0.2.1 } }\n");
    for (int i = 1; i <= 24; i++) {
      text.append("x%d: &x%d { <<: [*x%d, *x%d] }\n".formatted(i, i, i - 1, i - 1));
    }
    Imported imported = containerlab(text + "topology: { nodes: { <<: *x24, b: } }\n");
    assertEquals(List.of(PeerId.of("a"), PeerId.of("b")), imported.ids());
  }

  @Test
  void tellsAThousandFaultsAndHowManyMoreThereAre() {
    String message =
        assertThrows(MalformedTopologyException.class, () -> ansible("[x:y]\n".repeat(1002)))
            .getMessage();
    assertEquals(
        "hosts: error [more-problems] expected to report every problem, found 2 more than these 1000\n"
            + "  fix: correct these first; often they have one cause",
        message.substring(message.indexOf("hosts: ")));
  }

  @Test
  void tellsEveryFaultOfAnInventory() {
    assertRefused(
        """
        hosts:2:1: error [bad-range] expected hosts such as web[01:20], found "web[01:9]": a beginning with leading zeros is as long as the end
          2 | web[01:9]
            | ^^^^^^^^^
          fix: write a range such as web[01:20].example.com, or the hosts one by one
        hosts:3:4: error [bad-variable] expected KEY=VALUE behind the host, found "b"
          3 | a, b
            |    ^
          fix: write KEY=VALUE, or the host on a line of its own
        hosts:4:1: error [syntax] expected a closing quote, found the end of the line
          4 | c x="y
            | ^^^^^^
          fix: close the quote
        hosts:5:6: error [bad-section] expected a section of hosts, :children or :vars, found "[web:kids]"
          5 | [web:kids]
            |      ^^^^
          fix: correct the section
        hosts:6:1: error [bad-section] expected a section such as [web], [web:children] or [web:vars], found "[a b]"
          6 | [a b]
            | ^^^^^
          fix: correct the section
        hosts:7:2: error [unknown-group] expected a group that the inventory has, found "none"
          7 | [none:vars]
            |  ^^^^
          fix: add [none], or remove this
        hosts:8:1: error [bad-variable] expected KEY=VALUE, found "x"
          8 | x
            | ^
          fix: write KEY=VALUE""",
        () -> ansible("[web]\nweb[01:9]\na, b\nc x=\"y\n[web:kids]\n[a b]\n[none:vars]\nx\n"));
    assertRefused(
        """
        hosts:1:2: error [group-loop] expected groups within others, found "a" within itself or within groups that are
          1 | [a:children]
            |  ^
          fix: remove one of the children""",
        () -> ansible("[a:children]\nb\n[b:children]\na\n"));
    assertRefused(
        "hosts: error [missing-file] expected an Ansible inventory, found none\n"
            + "  fix: correct the name",
        () -> Imported.ansible(directory.resolve("none"), "hosts"));
    assertRefused(
        "hosts: error [not-a-file] expected an Ansible inventory, found a directory\n"
            + "  fix: name one file in it",
        () -> Imported.ansible(directory, "hosts"));
    assertRefused(
        "hosts: error [not-a-file] expected an Ansible inventory, found a pipe, socket or device\n"
            + "  fix: name a regular file",
        () -> Imported.ansible(Path.of("/dev/zero"), "hosts"));
  }

  @Test
  void neverWaitsForAPipeAndReadsNothingOfWhatIsTooLarge() throws Exception {
    Path pipe = directory.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    assertRefused(
        "lab.clab.yml: error [not-a-file] expected a containerlab topology, found a pipe, socket or"
            + " device\n  fix: name a regular file",
        () -> Imported.containerlab(pipe, "lab.clab.yml"));
    Path huge = directory.resolve("huge");
    try (RandomAccessFile sparse = new RandomAccessFile(huge.toFile(), "rw")) {
      sparse.setLength(10L << 30);
    }
    assertRefused(
        "hosts: error [too-large] expected an Ansible inventory of at most 67108864 bytes, found"
            + " a larger file\n"
            + "  fix: name another file",
        () -> Imported.ansible(huge, "hosts"));
    Path loop = directory.resolve("loop");
    Files.createSymbolicLink(loop, loop);
    assertRefused(
        "hosts: error [unreadable] expected an Ansible inventory, found one that cannot be read: Too"
            + " many levels of symbolic links or unable to access attributes of symbolic link\n"
            + "  fix: let the user that runs this program read the file",
        () -> Imported.ansible(loop, "hosts"));
    Path dangling = directory.resolve("dangling");
    Files.createSymbolicLink(dangling, directory.resolve("nowhere"));
    assertRefused(
        "hosts: error [missing-file] expected an Ansible inventory, found a link to a file that does"
            + " not exist\n  fix: correct the name",
        () -> Imported.ansible(dangling, "hosts"));
  }

  // ---- containerlab ----

  @Test
  void readsContainerlabWithDefaultsGroupsAndKindsInAnyCase() {
    Imported imported =
        containerlab(
            """
            name: demo
            prefix: __lab-name
            mgmt: { network: lab_net, ipv4-subnet: 10.1.0.0/24, mtu: 9000 }
            topology:
              defaults: { kind: linux, labels: { rack: a, role: x } }
              kinds:
                Nokia_SRLinux: { type: ixr-d3, labels: { role: switch } }
              groups:
                spines: { kind: nokia_srlinux, labels: { tier: 2 } }
              nodes:
                s1: { group: spines, mgmt-ipv4: 10.1.0.11, mgmt-ipv6: "2001:db8::11" }
                l1: { kind: nokia_srlinux, type: ixr-d2, labels: { rack: b } }
                c1:
                x1: { kind: ext-container }
                h1: { kind: host }
              links: [{ endpoints: ["s1:e1", "l1:e1"] }]
            """);
    assertEquals(
        List.of(
            "c1 [demo-c1] {kind=linux, rack=a, role=x} {}",
            "l1 [demo-l1] {kind=nokia_srlinux, rack=b, role=switch, type=ixr-d2} {}",
            "s1 [10.1.0.11/24, 2001:db8::11, demo-s1]"
                + " {group=spines, kind=nokia_srlinux, rack=a, role=switch, tier=2, type=ixr-d3}"
                + " {}",
            "x1 [x1] {kind=ext-container, rack=a, role=x} {}"),
        nodes(imported));
    assertEquals(
        List.of(
            "lab.clab.yml:3:53: warning [not-carried-over] \"mgmt.mtu\": a topology has no place"
                + " for it",
            "lab.clab.yml:11:59: warning [not-carried-over] the network of 2001:db8::11: it is outside"
                + " the management subnet 3fff:172:20:20::/64",
            "lab.clab.yml:15:5: warning [not-carried-over] node h1: it is the lab host itself",
            "lab.clab.yml:16:3: warning [not-carried-over] 1 link: a topology has none"),
        leftOut(imported));
    assertTrue(imported.text().contains("\n  \"lab_net\":\n    cidrs:\n      - \"10.1.0.0/24\"\n"));
    assertTrue(imported.text().contains("\nname: \"demo\"\n"));
    assertTrue(imported.name("other").text().contains("\nname: \"other\"\n"));
  }

  @Test
  void emptyTextIsAsGoodAsUnset() {
    assertEquals(
        List.of("c1 [clab-demo-c1] {group=spines, kind=linux, tier=2} {}"),
        nodes(
            containerlab(
                """
                name: demo
                mgmt: { ipv4-subnet: "", ipv6-subnet: "" }
                topology:
                  defaults: { kind: linux, group: spines }
                  groups:
                    spines: { kind: "", labels: { tier: 2 } }
                  nodes:
                    c1: { kind: "", group: "", network-mode: "", mgmt-ipv4: "", mgmt-ipv6: "" }
                """)));
  }

  @Test
  void refusesWhatContainerlabReplacesOrCannotBe() {
    assertRefused(
        """
        lab.clab.yml:4:20: error [template] expected a value, found the variable "${LAB_ADDRESS}", which containerlab replaces
          4 |     a: {mgmt-ipv4: "${LAB_ADDRESS}"}
            |                    ^
          at mgmt-ipv4; fix: write the value itself""",
        () ->
            containerlab("name: x\ntopology:\n  nodes:\n    a: {mgmt-ipv4: \"${LAB_ADDRESS}\"}\n"));
    assertRefused(
        """
        lab.clab.yml:1:1: error [not-containerlab] expected a containerlab topology, found no key "topology"
          1 | name: x
            | ^
          fix: name a *.clab.yml file, or use import ansible""",
        () -> containerlab("name: x\n"));
    assertRefused(
        """
        lab.clab.yml:3:11: error [template] expected a value, found the Go template "{{ range . }}"
          3 |   nodes: "{{ range . }}"
            |           ^^^^^^^^^^^^^
          fix: write the value that the template comes to""",
        () -> containerlab("name: x\ntopology:\n  nodes: \"{{ range . }}\"\n"));
  }

  @Test
  void writesTheTopologyAsAWhole() throws IOException {
    Path file = directory.resolve("bench.magpie.yaml");
    assertTrue(ansible("a\n").write(file));
    assertFalse(ansible("a\n").write(file));
    assertEquals(
        """
        # Imported from hosts
        version: 1
        name: "hosts"
        nodes:
          "a":
            hostname: "a"
        """,
        Files.readString(file));
  }
}
