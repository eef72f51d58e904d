/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class MalformedTopologyExceptionTest {
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

  @Test
  void survivesSerializationWithItsMessage() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(new MalformedTopologyException(List.of(Problem.ofFile("a", "f", "m", ""))));
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      MalformedTopologyException copy = (MalformedTopologyException) in.readObject();
      assertEquals("f: error [a] m", copy.getMessage());
      assertEquals(List.of(), copy.problems());
    }
  }
}
