/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeersExceptionTest {
  private static HookToolException tool(int exitCode, String stderr, String next) {
    return new HookToolException(
        HookToolException.Reason.OTHER,
        "relation-get",
        List.of("--format=json", "-r", "magpie:0", "-", "magpie/1 x"),
        exitCode,
        stderr,
        "expected JSON, found nothing",
        next);
  }

  @Test
  void aFailedToolIsToldWithItsArgumentsExitCodeAndStderr() {
    assertEquals(
        "hook tool relation-get --format=json -r magpie:0 - \"magpie/1 x\": expected JSON, found"
            + " nothing; exit code 1, stderr \"ERROR gone\\nreally\"; run it again",
        tool(1, "ERROR gone\nreally\n", "run it again").getMessage());
    assertEquals(
        "hook tool relation-get --format=json -r magpie:0 - \"magpie/1 x\": expected JSON, found"
            + " nothing; no exit code, nothing on stderr",
        tool(-1, " ", "").getMessage());
    HookToolException zero = tool(0, "", "");
    assertEquals(
        "hook tool relation-get --format=json -r magpie:0 - \"magpie/1 x\": expected JSON, found"
            + " nothing; exit code 0, nothing on stderr",
        zero.getMessage());
    assertEquals("relation-get", zero.tool());
    assertEquals(List.of("--format=json", "-r", "magpie:0", "-", "magpie/1 x"), zero.arguments());
  }

  @Test
  void problemsAreToldOneAfterTheOther() {
    Problem one = Problem.ofFile("a", "f.yaml", "first", "");
    Problem two = Problem.ofFile("b", "f.yaml", "second", "mend it");
    assertEquals(
        "f.yaml: error [a] first\nf.yaml: error [b] second\n  fix: mend it",
        new MalformedTopologyException(List.of(one, two)).getMessage());
    assertEquals(List.of(one, two), new MalformedTopologyException(List.of(one, two)).problems());
    assertEquals(
        "expected at least one problem, found none",
        assertThrows(
                IllegalArgumentException.class, () -> new MalformedTopologyException(List.of()))
            .getMessage());
  }

  @SuppressWarnings("unchecked")
  private static <T> T copied(T object) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }

  @Test
  void everyLeafSurvivesSerialization() throws Exception {
    HookToolException tool = copied(tool(2, "x", ""));
    assertEquals(tool(2, "x", "").getMessage(), tool.getMessage());
    assertEquals(HookToolException.Reason.OTHER, tool.reason());
    assertEquals(2, tool.exitCode());
    assertEquals("x", tool.stderr());
    assertEquals(List.of(), tool.arguments());
    MalformedTopologyException malformed =
        copied(new MalformedTopologyException(List.of(Problem.ofFile("a", "f", "m", ""))));
    assertEquals("f: error [a] m", malformed.getMessage());
    assertEquals(List.of(), malformed.problems());
    assertEquals("o", copied(new SourceUnavailableException("o", "m")).origin());
    assertEquals("o", copied(new StateException("o", "m")).origin());
  }
}
