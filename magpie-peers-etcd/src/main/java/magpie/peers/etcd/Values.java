/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import magpie.peers.Cidr;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/** The values in etcd: JSON objects of version 1, of which unknown members are skipped. */
final class Values {
  private static final int VERSION = 1;
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private Values() {}

  /** A value is not as documented; the message says what was expected and found. */
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    Unreadable(String message) {
      super(message);
    }
  }

  /**
   * What a node says of itself.
   *
   * @param addresses its addresses, best first
   * @param labels its labels
   * @param settings what it published
   * @param instance which installation wrote it; empty if it does not say
   */
  record Member(
      List<String> addresses,
      Map<String, String> labels,
      Map<String, String> settings,
      String instance) {

    Member with(Map<String, String> changes) {
      Map<String, String> all = new TreeMap<>(settings);
      changes.forEach(
          (key, value) -> {
            if (value.isEmpty()) {
              all.remove(key);
            } else {
              all.put(key, value);
            }
          });
      return new Member(addresses, labels, all, instance);
    }

    PeerNode node(PeerId id, boolean suspect) {
      List<PeerAddress> candidates = new ArrayList<>(addresses.size());
      for (String address : addresses) {
        candidates.add(PeerAddress.of(address, "etcd"));
      }
      return PeerNode.builder(id)
          .addresses(candidates)
          .labels(labels)
          .settings(settings)
          .suspect(suspect)
          .build();
    }

    byte[] json() {
      return write(
          out -> {
            out.writeArrayFieldStart("addresses");
            for (String address : addresses) {
              out.writeString(address);
            }
            out.writeEndArray();
            write(out, "labels", labels);
            write(out, "settings", settings);
            if (!instance.isEmpty()) {
              out.writeStringField("instance", instance);
            }
          });
    }

    static Member read(byte[] json) throws Unreadable {
      List<String> addresses = new ArrayList<>();
      Map<String, String> labels = new TreeMap<>();
      Map<String, String> settings = new TreeMap<>();
      String[] instance = {""};
      Values.read(
          json,
          (name, in) -> {
            switch (name) {
              case "addresses" -> addresses.addAll(texts(name, in));
              case "labels" -> labels.putAll(map(name, in));
              case "settings" -> settings.putAll(map(name, in));
              case "instance" -> instance[0] = text(name, in);
              default -> in.skipChildren();
            }
          });
      settings.values().removeIf(String::isEmpty);
      return new Member(List.copyOf(addresses), labels, settings, instance[0]);
    }
  }

  /**
   * Who keeps a node alive.
   *
   * @param instance which installation
   * @param host the name of its machine; empty if it does not say
   */
  record Alive(String instance, String host) {

    byte[] json() {
      return write(
          out -> {
            out.writeStringField("instance", instance);
            out.writeStringField("host", host);
          });
    }

    static Alive read(byte[] json) throws Unreadable {
      String[] found = {"", ""};
      Values.read(
          json,
          (name, in) -> {
            switch (name) {
              case "instance" -> found[0] = text(name, in);
              case "host" -> found[1] = text(name, in);
              default -> in.skipChildren();
            }
          });
      return new Alive(found[0], found[1]);
    }

    /** In the words of messages. */
    String shown() {
      return "instance "
          + Quote.of(instance)
          + (host.isEmpty() ? "" : " on host " + Quote.of(host));
    }
  }

  /** Reads the declared networks: lists of CIDRs by their names, in the order of the value. */
  static List<Network> networks(byte[] json) throws Unreadable {
    List<Network> networks = new ArrayList<>();
    read(
        json,
        (name, in) -> {
          if (!name.equals("networks")) {
            in.skipChildren();
            return;
          }
          expect(name, in, JsonToken.START_OBJECT, "an object");
          while (in.nextToken() != JsonToken.END_OBJECT) {
            String network = in.currentName();
            in.nextToken();
            List<Cidr> cidrs = new ArrayList<>();
            for (String cidr : texts(network, in)) {
              try {
                cidrs.add(Cidr.parse(cidr));
              } catch (IllegalArgumentException e) {
                throw new Unreadable("network " + Quote.of(network) + ": " + e.getMessage());
              }
            }
            try {
              networks.add(new Network(network, cidrs));
            } catch (IllegalArgumentException e) {
              throw new Unreadable("network " + Quote.of(network) + ": " + e.getMessage());
            }
          }
        });
    return networks;
  }

  /** The value of the declared networks. */
  static byte[] json(List<Network> networks) {
    return write(
        out -> {
          out.writeObjectFieldStart("networks");
          for (Network network : networks) {
            out.writeArrayFieldStart(network.name());
            for (Cidr cidr : network.cidrs()) {
              out.writeString(cidr.toString());
            }
            out.writeEndArray();
          }
          out.writeEndObject();
        });
  }

  private interface Write {
    void to(JsonGenerator out) throws IOException;
  }

  private interface Field {
    void read(String name, JsonParser in) throws IOException, Unreadable;
  }

  private static byte[] write(Write fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = JSON.createGenerator(bytes)) {
      out.writeStartObject();
      out.writeNumberField("version", VERSION);
      fields.to(out);
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void write(JsonGenerator out, String name, Map<String, String> all)
      throws IOException {
    out.writeObjectFieldStart(name);
    for (Map.Entry<String, String> each : all.entrySet()) {
      out.writeStringField(each.getKey(), each.getValue());
    }
    out.writeEndObject();
  }

  private static void read(byte[] json, Field field) throws Unreadable {
    boolean versioned = false;
    try (JsonParser in = JSON.createParser(json)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new Unreadable("expected a JSON object, found " + shown(in.currentToken()));
      }
      while (in.nextToken() != JsonToken.END_OBJECT) {
        String name = in.currentName();
        in.nextToken();
        if (name.equals("version")) {
          if (in.currentToken() != JsonToken.VALUE_NUMBER_INT || !in.getText().equals("1")) {
            throw new Unreadable("expected version 1, found version " + Quote.of(in.getText()));
          }
          versioned = true;
        } else {
          field.read(name, in);
        }
      }
      if (in.nextToken() != null) {
        throw new Unreadable("expected one JSON object, found more behind it");
      }
    } catch (JsonParseException e) {
      throw new Unreadable(
          "expected JSON, found "
              + Quote.of(
                  String.valueOf(e.getOriginalMessage()).replaceFirst(" \\(start marker.*", "")));
    } catch (IOException e) {
      throw new Unreadable("expected JSON, found " + Quote.of(String.valueOf(e.getMessage())));
    }
    if (!versioned) {
      throw new Unreadable("expected version 1, found no version");
    }
  }

  private static Map<String, String> map(String name, JsonParser in)
      throws IOException, Unreadable {
    expect(name, in, JsonToken.START_OBJECT, "an object with texts");
    Map<String, String> all = new TreeMap<>();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String key = in.currentName();
      in.nextToken();
      all.put(key, text(name + "." + key, in));
    }
    return all;
  }

  private static List<String> texts(String name, JsonParser in) throws IOException, Unreadable {
    expect(name, in, JsonToken.START_ARRAY, "an array of texts");
    List<String> all = new ArrayList<>();
    while (in.nextToken() != JsonToken.END_ARRAY) {
      all.add(text(name, in));
    }
    return all;
  }

  private static String text(String name, JsonParser in) throws IOException, Unreadable {
    expect(name, in, JsonToken.VALUE_STRING, "a text");
    return in.getText();
  }

  private static void expect(String name, JsonParser in, JsonToken token, String expected)
      throws Unreadable {
    if (in.currentToken() != token) {
      throw new Unreadable(
          "expected " + expected + " in " + Quote.of(name) + ", found " + shown(in.currentToken()));
    }
  }

  private static String shown(@Nullable JsonToken token) {
    if (token == null) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a text";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE -> "true or false";
      case VALUE_NULL -> "null";
      default -> "the end of something";
    };
  }
}
