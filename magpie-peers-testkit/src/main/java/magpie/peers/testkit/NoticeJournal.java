/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.ToLongFunction;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerView;

/**
 * Asks for notices and dismisses them, and writes down what came of it, for programs that are to be
 * killed.
 *
 * <p>A step is written when it begins and when it has ended, each time as one line by one write, so
 * that SIGKILL leaves everything up to the last whole line: {@link NoticeHistory} knows then which
 * step may have been done and which must have been. One journal for each life of the program. Not
 * for use by several threads.
 */
public final class NoticeJournal implements AutoCloseable {
  private final FileChannel out;
  private final ToLongFunction<PeerView> world;
  private final List<PeerView> views = new ArrayList<>();

  /** The notices that each view returned last. */
  private final List<Notices> shown = new ArrayList<>();

  private NoticeJournal(FileChannel out, ToLongFunction<PeerView> world) {
    this.out = out;
    this.world = world;
  }

  /**
   * Begins a journal.
   *
   * @param file where it is written; must not exist yet
   * @param world tells the number of the {@linkplain NoticeHistory#world world} that a view sees
   *     now, from what the view itself shows, or as the test tells the program
   * @return the journal
   * @throws UncheckedIOException if the file cannot be made
   */
  public static NoticeJournal begin(Path file, ToLongFunction<PeerView> world) {
    Objects.requireNonNull(world, "world");
    try {
      return new NoticeJournal(
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), world);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Asks a view for its notices.
   *
   * @param view one of the program's views
   * @return what it shows
   */
  public Notices notices(PeerView view) {
    int number = number(view);
    write(NoticeStep.asks(number, world.applyAsLong(view)));
    Notices notices = view.notices();
    shown.set(number - 1, notices);
    List<Notice> all = new ArrayList<>(notices.joined());
    all.addAll(notices.departed());
    write(NoticeStep.shown(number, world.applyAsLong(view), all));
    return notices;
  }

  /**
   * Dismisses the notices of one kind that this journal got last from a view.
   *
   * @param view one of the program's views
   * @param kind which notices to dismiss
   * @return the dismissed ones
   */
  public List<Notice> dismiss(PeerView view, Notice.Kind kind) {
    int number = number(view);
    write(NoticeStep.dismisses(number, kind));
    Notices last = shown.get(number - 1);
    List<Notice> dismissed =
        kind == Notice.Kind.JOINED ? last.dismissJoined() : last.dismissDeparted();
    write(NoticeStep.dismissed(number, kind, dismissed));
    return dismissed;
  }

  private int number(PeerView view) {
    if (!views.contains(view)) {
      views.add(view);
      shown.add(new Notices(view, List.of(), List.of()));
    }
    return views.indexOf(view) + 1;
  }

  private void write(NoticeStep step) {
    ByteBuffer line = UTF_8.encode(step + "\n");
    try {
      while (line.hasRemaining()) {
        out.write(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends the journal. */
  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
