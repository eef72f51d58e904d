/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import magpie.peers.fuzz.FuzzContract;
import magpie.peers.fuzz.FuzzTarget;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LabFuzzTest extends FuzzContract {
  private static final Path LABS = Path.of("src/test/resources").toAbsolutePath();

  LabFuzzTest() {
    super(
        FuzzTarget.of(AnsibleFuzz.class, LABS.resolve("labs/ansible"), LABS.resolve("inventories")),
        FuzzTarget.of(
            ContainerlabFuzz.class, LABS.resolve("labs/containerlab"), LABS.resolve("inventories")),
        FuzzTarget.of(SettingsFuzz.class),
        FuzzTarget.of(
            RecordingFuzz.class,
            LABS.resolve("../../../../magpie-peers-local/src/test/resources/topologies/good")));
  }

  /** Too slow to be seeds: a hundred thousand hosts, and something that is said of each. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "a[1:99999][1:99999]\n",
        "\u00e9[1:99999]\n",
        "[g{i}]\na[1:9999]\n",
        "[g{i}:children]\ng{j}\n[g0]\na[1:99999]\n",
        "[g:vars]\nk{i}=1\n[g]\na[1:999]\n",
        "[g:vars]\nansible_k{i}=1\n[g]\na[1:999]\n",
        "a[1:99999] k{i}=v{i}v{i}v{i}v{i}v{i}v{i}v{i}v{i}v{i}v{i}v{i}v{i}v{i}v{i}v{i}v{i}\n"
      })
  void holdsWhereAFewBytesStandForManyHosts(String lines) {
    String text =
        IntStream.range(0, 100)
            .mapToObj(i -> lines.replace("{i}", "" + i).replace("{j}", "" + (i - 1)))
            .collect(Collectors.joining());
    AnsibleFuzz.fuzzerTestOneInput(text.getBytes(UTF_8));
  }
}
