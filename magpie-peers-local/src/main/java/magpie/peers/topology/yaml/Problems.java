/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology.yaml;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import magpie.peers.topology.Problem;

/** Collects what is wrong with one file, and puts the root cause first. */
public final class Problems {
  /** How many problems are reported; a file with more usually has one cause, which these show. */
  public static final int MOST = 1000;

  private final String file;
  private final YamlText text;
  private final Map<Code.Stage, List<Item>> stages = new EnumMap<>(Code.Stage.class);
  private long dropped;
  private boolean errorDropped;
  private int errors;

  /**
   * Begins with no problem.
   *
   * @param file the file as the user named it
   * @param text what the file says
   */
  public Problems(String file, YamlText text) {
    this.file = file;
    this.text = text;
  }

  private record Item(
      String code,
      Problem.Severity severity,
      long place,
      String message,
      String path,
      String fix) {}

  /**
   * Adds a problem.
   *
   * @param code the kind of problem
   * @param place where it is, as {@link YamlText#place} makes it
   * @param message what was expected and what was found
   * @param path the path that leads to the value; empty at the root
   * @param fix what to do next
   */
  public void add(Code code, long place, String message, String path, String fix) {
    add(code.stage(), new Item(code.toString(), code.severity(), place, message, path, fix));
  }

  /**
   * Adds an error of a kind that only one reader knows.
   *
   * @param code the kind of problem, in lower case with hyphens
   * @param place where it is, as {@link YamlText#place} makes it
   * @param message what was expected and what was found
   * @param path the path that leads to the value; empty at the root
   * @param fix what to do next
   */
  public void add(String code, long place, String message, String path, String fix) {
    add(Code.Stage.FORM, new Item(code, Problem.Severity.ERROR, place, message, path, fix));
  }

  private void add(Code.Stage stage, Item item) {
    errors += item.severity == Problem.Severity.ERROR ? 1 : 0;
    List<Item> items = stages.computeIfAbsent(stage, s -> new ArrayList<>());
    if (items.size() < MOST) {
      items.add(item);
    } else {
      drop(item);
    }
  }

  /**
   * Removes problems of the form of values at a place or after it.
   *
   * @param place the place, as {@link YamlText#place} makes it
   */
  public void forget(long place) {
    List<Item> form = stages.get(Code.Stage.FORM);
    if (form != null) {
      form.removeIf(item -> item.place >= place);
    }
  }

  private void drop(Item item) {
    dropped++;
    errorDropped |= item.severity == Problem.Severity.ERROR;
  }

  /** {@return whether an error was added} */
  public boolean hasError() {
    return errors > 0;
  }

  /** {@return how many errors were added so far} */
  public int errors() {
    return errors;
  }

  /**
   * Returns the problems: by stage, since a problem can only be caused by one of an earlier stage,
   * and then as they stand in the file. What stands on a line with unreadable characters is left
   * out, since those may be all that is wrong with it.
   *
   * @return the problems, {@link #MOST} at most and then one that says how many more there are
   */
  public List<Problem> rootCauseFirst() {
    List<Problem> all = new ArrayList<>();
    Set<Integer> unreadable = new HashSet<>();
    for (Map.Entry<Code.Stage, List<Item>> stage : stages.entrySet()) {
      stage.getValue().sort(Comparator.comparingLong(Item::place));
      for (Item item : stage.getValue()) {
        YamlText.Position at = text.locate(item.place);
        if (stage.getKey() == Code.Stage.TEXT) {
          unreadable.add(at.line());
        } else if (unreadable.contains(at.line())) {
          continue;
        }
        if (all.size() == MOST) {
          drop(item);
          continue;
        }
        all.add(
            new Problem(
                item.severity,
                item.code,
                item.message,
                file,
                at.line(),
                at.column(),
                at.length(),
                at.excerpt(),
                item.path,
                item.fix));
      }
    }
    if (dropped > 0) {
      all.add(
          new Problem(
              errorDropped ? Problem.Severity.ERROR : Problem.Severity.WARNING,
              Code.MORE_PROBLEMS.toString(),
              "expected to report every problem, found " + dropped + " more than these " + MOST,
              file,
              0,
              0,
              1,
              "",
              "",
              "correct these first; often they have one cause"));
    }
    return all;
  }
}
