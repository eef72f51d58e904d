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

  /** The bind addresses with their prefix lengths where there are some, in Juju's order. */
  static List<AddressCandidate> read(HookTools tools, String binding) {
    HookTools.Answer answer = tools.run(HookTools.Call.of("network-get", "--format=json", binding));
    List<AddressCandidate> addresses = new ArrayList<>();
    return Json.read(
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
                  device(value, addresses);
                }
              });
          return addresses;
        });
  }

  private static void device(JsonParser json, List<AddressCandidate> addresses) throws IOException {
    Json.fields(
        json,
        (name, value) -> {
          if (!name.equals("addresses") || value.currentToken() != JsonToken.START_ARRAY) {
            value.skipChildren();
            return;
          }
          while (value.nextToken() != JsonToken.END_ARRAY) {
            addresses.add(address(value));
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
