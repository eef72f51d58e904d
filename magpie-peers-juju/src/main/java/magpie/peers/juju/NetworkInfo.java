/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import magpie.peers.AddressCandidate;

/** What {@code network-get} says of the addresses that an endpoint is bound to. */
final class NetworkInfo {
  private NetworkInfo() {}

  /**
   * The bind addresses with their prefix lengths, in Juju's order but for single-address networks,
   * which stand last: a virtual address may be listed first (canonical/operator#1556), and nobody
   * wants to be found there.
   */
  static List<AddressCandidate> read(HookTools tools, String binding) {
    HookTools.Answer answer = tools.run(HookTools.Call.of("network-get", "--format=json", binding));
    List<AddressCandidate> wide = new ArrayList<>();
    List<AddressCandidate> single = new ArrayList<>();
    Json.read(
        answer,
        "a JSON object with bind-addresses",
        json -> {
          Json.fields(
              json,
              (name, value) -> {
                if (!name.equals("bind-addresses")
                    || value.currentToken() != JsonToken.START_ARRAY) {
                  value.skipChildren();
                  return;
                }
                while (value.nextToken() != JsonToken.END_ARRAY) {
                  device(value, wide, single);
                }
              });
          return wide;
        });
    wide.addAll(single);
    return wide;
  }

  private static void device(
      JsonParser json, List<AddressCandidate> wide, List<AddressCandidate> single)
      throws IOException {
    Json.fields(
        json,
        (name, value) -> {
          if (!name.equals("addresses") || value.currentToken() != JsonToken.START_ARRAY) {
            value.skipChildren();
            return;
          }
          while (value.nextToken() != JsonToken.END_ARRAY) {
            AddressCandidate candidate = address(value);
            boolean alone =
                candidate
                    .subnet()
                    .map(cidr -> cidr.prefixLength() == (cidr.address().isV6() ? 128 : 32))
                    .orElse(true);
            (alone ? single : wide).add(candidate);
          }
        });
  }

  private static AddressCandidate address(JsonParser json) throws IOException {
    String[] found = {"", ""};
    Json.fields(
        json,
        (name, value) -> {
          switch (name) {
            case "value" -> found[0] = Json.text(value);
            case "cidr" -> found[1] = Json.text(value);
            default -> value.skipChildren();
          }
        });
    int slash = found[1].indexOf('/');
    return AddressCandidate.of(
        slash < 0 ? found[0] : found[0] + found[1].substring(slash), "network-get");
  }
}
