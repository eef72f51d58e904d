/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Predicate;
import magpie.peers.PeerAddress;
import magpie.peers.PeerView;
import magpie.peers.SourceUnavailableException;
import magpie.peers.host.OwnInterfaces;
import magpie.peers.spi.PeerSource;
import magpie.peers.text.Quote;

/**
 * What a Juju unit can do beyond looking at its peers: publish its addresses, share settings of the
 * whole application, say how it is, and write to its log.
 *
 * <pre>{@code
 * try (PeerView peers = Peers.open()) {
 *   JujuUnit unit = JujuUnit.of(peers);
 *   unit.publishAddresses();
 *   unit.setStatus(JujuUnit.Status.ACTIVE, "Ready, with " + peers.ids().size() + " peers");
 * }
 * }</pre>
 *
 * <p>Everything here is a hook tool, so every method throws {@link
 * magpie.peers.juju.HookToolException} if the tool fails. What is published counts only once the
 * hook has succeeded; the status is set at once. Safe for use by many threads after one another.
 */
public final class JujuUnit {
  private final HookTools tools;
  private final JujuSource source;

  JujuUnit(HookTools tools, JujuSource source) {
    this.tools = tools;
    this.source = source;
  }

  /** How a unit is, as {@code juju status} shows it. */
  public enum Status {
    /** Busy with something that will end by itself. */
    MAINTENANCE,
    /** Somebody has to do something. */
    BLOCKED,
    /** Something else has to happen first. */
    WAITING,
    /** Ready to serve. */
    ACTIVE
  }

  /**
   * Returns the unit that a view belongs to.
   *
   * @param view a view of the Juju backend
   * @return the unit
   * @throws IllegalArgumentException if the view is of another backend
   */
  public static JujuUnit of(PeerView view) {
    JujuUnit unit = view.extension(JujuUnit.class).orElse(null);
    if (unit == null) {
      throw new IllegalArgumentException(
          "expected a view of the backend juju, found one of " + Quote.of(view.backend()));
    }
    return unit;
  }

  /**
   * Publishes every address at which peers might reach this unit; see {@link
   * #publishAddresses(Predicate)}.
   *
   * @return whether anything was written
   */
  public boolean publishAddresses() {
    return publishAddresses(candidate -> true);
  }

  /**
   * Publishes the addresses of this unit that a filter keeps, each with the prefix length of its
   * network, so that peers can pick the one on the network they want.
   *
   * <p>First those that the endpoint is bound to ({@code network-get}), then those of the real
   * interfaces of this machine, without bridges, loopback and link-local; last of all those in a
   * network of one address, because that is what a virtual address looks like
   * (canonical/operator#1556), which is not the address of one unit. On Kubernetes this is the only
   * way to a peer's own address, since Juju publishes that of the service (docs/juju.md, J5). Call
   * it in every hook: a change of addresses arrives as a config-changed hook, nothing is written
   * while the addresses stay the same, and before there is a peer relation, as in the install hook,
   * nothing happens.
   *
   * @param keep decides of each address, whose source is {@code network-get} or the name of the
   *     interface
   * @return whether anything was written; false while there is no peer relation
   * @throws SourceUnavailableException if the interfaces cannot be listed
   */
  public boolean publishAddresses(Predicate<PeerAddress> keep) {
    Objects.requireNonNull(keep, "keep");
    if (source.relationIds().isEmpty()) {
      return false;
    }
    List<PeerAddress> all = source.ownAddresses();
    List<PeerAddress> kept = new ArrayList<>(all.size());
    for (PeerAddress candidate : all) {
      if (keep.test(candidate)) {
        kept.add(candidate);
      }
    }
    List<String> texts = new ArrayList<>(kept.size());
    for (PeerAddress each : OwnInterfaces.ordered(kept)) {
      texts.add(each.toString());
    }
    Map<String, String> changes = source.changes(Map.of(Bags.ADDRESSES, Bags.addresses(texts)));
    if (changes.isEmpty()) {
      return false;
    }
    source.publishRaw(changes);
    return true;
  }

  /**
   * Tells whether this unit is the leader of its application; a yes holds for 30 seconds more.
   *
   * <p>Asks Juju at every call, because leadership may change within a hook.
   *
   * @return whether it is
   */
  public boolean isLeader() {
    return Json.read(
        tools.run(HookTools.Call.of("is-leader", "--format=json")), "true or false", Json::truth);
  }

  /**
   * Returns the settings that the leader shared for the whole application.
   *
   * @return the settings in the order of their keys, the leader's own latest writes included; empty
   *     before there is a peer relation; unmodifiable
   */
  public Map<String, String> applicationSettings() {
    Map<String, String> all = new TreeMap<>();
    for (String relation : source.relationIds()) {
      all.putAll(source.applicationBag(relation));
    }
    return Collections.unmodifiableMap(all);
  }

  /**
   * Shares settings for the whole application, merged into those there are; an empty value removes
   * its key. For the leader alone, and undone if leadership is lost before the hook ends.
   *
   * <p>Juju runs a changed hook of the leader for its own writes, so write only what differs: a
   * value that changes every time never comes to rest (juju/juju#20178).
   *
   * @param settings the settings to merge; no key may be empty
   * @return whether anything was written
   * @throws IllegalArgumentException if a key is empty, or a key or value is no Unicode text
   * @throws magpie.peers.juju.HookToolException with reason {@code NOT_LEADER} if this is not the
   *     leader
   * @throws SourceUnavailableException if there is no peer relation yet
   */
  public boolean publishApplicationSettings(Map<String, String> settings) {
    PeerSource.check(settings);
    settings.keySet().forEach(Bags::checkLength);
    Map<String, String> changes = PeerSource.changes(applicationSettings(), settings);
    if (changes.isEmpty()) {
      return false;
    }
    source.publishForApplication(changes);
    return true;
  }

  /**
   * Says how this unit is, at once, whether or not the hook succeeds.
   *
   * @param status the status
   * @param message a few words for {@code juju status}; control characters in it arrive as escapes,
   *     since people read them at a terminal; what is beyond 100,000 bytes is left out and said to
   *     be, since no process takes a longer argument
   */
  public void setStatus(Status status, String message) {
    Objects.requireNonNull(message, "message");
    String text = Quote.visible(message);
    int end = JujuLog.end(text, 0);
    if (end < text.length()) {
      text = text.substring(0, end) + "... (shortened to " + JujuLog.LONGEST_IN_BYTES + " bytes)";
    }
    tools.run(HookTools.Call.of("status-set", "--", status.name().toLowerCase(Locale.ROOT), text));
  }

  /**
   * Writes a message to the log that {@code juju debug-log} shows, at once, whether or not the hook
   * succeeds.
   *
   * <p>{@link JujuLogHandler} does the same for {@link java.util.logging}, whose start takes a hook
   * longer than most other things that it does (docs/performance.md).
   *
   * @param level the level; {@code OFF} writes nothing
   * @param message the message, of one or more lines and any length; other control characters in it
   *     arrive as escapes; an empty one writes nothing
   */
  public void log(System.Logger.Level level, String message) {
    Objects.requireNonNull(level, "level");
    Objects.requireNonNull(message, "message");
    if (level != System.Logger.Level.OFF) {
      JujuLog.send(tools, level.getSeverity(), message);
    }
  }
}
