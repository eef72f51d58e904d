/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import org.junit.jupiter.api.Test;

class PeersExceptionTest {
  /** A leaf of a backend. */
  private static final class OfABackend extends PeersException {
    private static final long serialVersionUID = 1L;

    OfABackend(Throwable cause) {
      super("expected it, found none", cause);
    }
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
    assertEquals("o", copied(new SourceUnavailableException("o", "m")).origin());
    assertEquals("o", copied(new StateException("o", "m")).origin());
    assertEquals("m", copied(new ConfigurationException("m")).getMessage());
    PeersException own = copied(new OfABackend(new IOException("gone")));
    assertEquals("expected it, found none", own.getMessage());
    assertEquals("gone", own.getCause().getMessage());
  }
}
