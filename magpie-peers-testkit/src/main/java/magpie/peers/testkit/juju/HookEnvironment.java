/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes the environment of a hook, from nothing: an agent passes on nothing of its own. */
final class HookEnvironment {
  private final Map<String, String> variables = new LinkedHashMap<>();

  private HookEnvironment() {}

  /** What differs from unit to unit and from model to model. */
  record Place(
      Path tools,
      Path charm,
      Path socket,
      String path,
      String modelName,
      Map<String, String> extra) {}

  static Map<String, String> of(
      FakeJujuModel model, UnitAgent unit, Hook hook, String contextId, Place place) {
    HookEnvironment environment = new HookEnvironment();
    environment.process(place);
    environment.unit(model, unit, hook, contextId, place);
    environment.hook(model, hook);
    environment.variables.putAll(place.extra());
    return environment.variables;
  }

  private void process(Place place) {
    variables.put("PATH", place.tools() + ":" + place.path());
    variables.put("LANG", "C.UTF-8");
    variables.put("TERM", "tmux-256color");
    variables.put("DEBIAN_FRONTEND", "noninteractive");
    variables.put("APT_LISTCHANGES_FRONTEND", "none");
  }

  private void unit(FakeJujuModel model, UnitAgent unit, Hook hook, String contextId, Place place) {
    boolean plainHook = hook.kind() != Hook.Kind.ACTION && hook.kind() != Hook.Kind.EXEC;
    variables.put("CHARM_DIR", place.charm().toString());
    variables.put("JUJU_CHARM_DIR", place.charm().toString());
    variables.put("JUJU_UNIT_NAME", unit.name());
    variables.put("JUJU_CONTEXT_ID", contextId);
    variables.put("JUJU_HOOK_NAME", plainHook ? hook.name() : "");
    variables.put("JUJU_AGENT_SOCKET_ADDRESS", place.socket().toString());
    variables.put("JUJU_AGENT_SOCKET_NETWORK", "unix");
    variables.put("JUJU_MODEL_NAME", place.modelName());
    variables.put("JUJU_MODEL_UUID", model.uuid());
    variables.put("JUJU_VERSION", model.version().agentVersion());
    variables.put(
        "JUJU_MACHINE_ID",
        model.isKubernetes() ? "" : Integer.toString(FakeJujuModel.number(unit.name())));
    variables.put("JUJU_AVAILABILITY_ZONE", "");
    variables.put("JUJU_PRINCIPAL_UNIT", "");
    variables.put("JUJU_API_ADDRESSES", "192.0.2.1:17070 192.0.2.2:17070");
    variables.put("CLOUD_API_VERSION", "");
    for (String scheme : List.of("HTTP", "HTTPS", "FTP", "NO")) {
      variables.put("JUJU_CHARM_" + scheme + "_PROXY", "");
    }
    if (!model.version().isFour()) {
      variables.put("JUJU_SLA", "unsupported");
    }
    if (model.version() == JujuVersion.JUJU_2_9) {
      variables.put("JUJU_METER_STATUS", "AMBER");
      variables.put("JUJU_METER_INFO", "not set");
    }
  }

  private void hook(FakeJujuModel model, Hook hook) {
    if (hook.kind() == Hook.Kind.ACTION) {
      String uuid = "0b0dd1b1-6d29-4a3f-9ba6-1d0f7d4ab6c2";
      variables.put("JUJU_ACTION_NAME", hook.name());
      variables.put("JUJU_ACTION_UUID", uuid);
      variables.put("JUJU_ACTION_TAG", "action-" + uuid);
      variables.put("JUJU_DISPATCH_PATH", "actions/" + hook.name());
    } else if (hook.kind() != Hook.Kind.EXEC) {
      variables.put("JUJU_DISPATCH_PATH", "hooks/" + hook.name());
    }
    if (hook.inRelation()) {
      variables.put("JUJU_RELATION", hook.endpoint());
      variables.put("JUJU_RELATION_ID", hook.endpoint() + ":" + hook.relation());
      variables.put("JUJU_REMOTE_UNIT", hook.remoteUnit());
      variables.put("JUJU_REMOTE_APP", hook.kind() == Hook.Kind.EXEC ? "" : model.application());
    }
    if (hook.kind() == Hook.Kind.DEPARTED) {
      variables.put("JUJU_DEPARTING_UNIT", hook.departingUnit());
    }
  }
}
