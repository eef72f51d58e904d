/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.spi;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import magpie.peers.PeersException;

/** Another process with the same state file. */
final class FileStateProcess {
  private FileStateProcess() {}

  public static void main(String[] args) throws InterruptedException {
    StateStore store = StateStore.file(Path.of(args[1]));
    switch (args[0]) {
      case "append" -> {
        for (int i = 0; i < 40; i++) {
          String line = args[2] + i + "\n";
          store.update(text -> text + line);
        }
      }
      case "hold" ->
          store.update(
              text -> {
                System.out.println("holding");
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                return text + "never";
              });
      case "alternate" -> {
        for (int i = 0; ; i++) {
          String text = Character.toString('a' + i % 26).repeat(300_000);
          store.update(before -> text);
          System.out.println(i);
        }
      }
      case "fail" -> {
        try {
          store.update(text -> text + "never");
        } catch (PeersException e) {
          System.out.println(e.getMessage());
        }
      }
      default -> throw new IllegalArgumentException(args[0]);
    }
  }
}
