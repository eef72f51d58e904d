/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class HookToolExceptionTest {
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
  void survivesSerialization() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(tool(2, "x", ""));
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      HookToolException copy = (HookToolException) in.readObject();
      assertEquals(tool(2, "x", "").getMessage(), copy.getMessage());
      assertEquals(HookToolException.Reason.OTHER, copy.reason());
      assertEquals(2, copy.exitCode());
      assertEquals("x", copy.stderr());
      assertEquals(List.of(), copy.arguments());
    }
  }
}
