#include "kube/gates.h"

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "http/client.h"
#include "kube/explain.h"

namespace slipway {
namespace {

constexpr Seconds call_limit{10};

struct Url {
  std::string scheme, host, port, path;
};

Url parts_of(const std::string& text) {
  Url url;
  const size_t scheme = text.find("://");
  url.scheme = text.substr(0, scheme);
  const size_t host = scheme + 3;
  const size_t path = std::min(text.find('/', host), text.size());
  const std::string authority = text.substr(host, path - host);
  const size_t colon = authority.rfind(':');
  url.host = authority.substr(0, colon);
  url.port = colon == std::string::npos ? (url.scheme == "https" ? "443" : "80") : authority.substr(colon + 1);
  url.path = path == text.size() ? "/" : text.substr(path);
  return url;
}

/// The API's own path to the URL: itself, or the proxy to a service; empty for the outside.
std::string api_path(const Gate& gate) {
  if (gate.url.starts_with("/")) return gate.url;
  const Url url = parts_of(gate.url);
  const std::vector<std::string> labels = split(url.host, '.');
  if (labels.size() < 3 || labels[2] != "svc") return "";
  return "/api/v1/namespaces/" + labels[1] + "/services/" + url.scheme + ":" + labels[0] + ":" + url.port + "/proxy" +
         url.path;
}

Readiness waiting(std::string why) { return {.why = std::move(why)}; }

/// What an error says of readiness: something to wait for, or one that no waiting mends.
Result<Readiness> from_error(const Error& error) {
  if (error.kind == ErrorKind::unauthorised || error.kind == ErrorKind::verification) return error;
  return waiting(error.found.empty() ? error.summary : error.summary + ": " + error.found);
}

Result<Readiness> check_object(ClusterReader& reader, const Gate& gate, Freshness freshness, Deadline deadline) {
  if (freshness == Freshness::listed) {
    const Result<std::optional<Value>> listed = reader.listed(gate.object, deadline);
    if (!listed) return listed.error();
    return *listed ? readiness_of(**listed) : waiting("does not exist");
  }
  const Result<Value> live = reader.get(gate.object, deadline);
  if (live) return readiness_of(*live);
  return live.error().kind == ErrorKind::not_found ? waiting("does not exist yet") : from_error(live.error());
}

Result<Readiness> check_endpoints(ClusterReader& reader, const Gate& gate, Deadline deadline) {
  const Result<std::vector<Value>> slices =
      reader.list({"discovery.k8s.io/v1", "EndpointSlice", gate.object.name_space, ""},
                  "kubernetes.io/service-name=" + gate.object.name, deadline);
  if (!slices) return from_error(slices.error());
  size_t all = 0;
  for (const Value& slice : *slices) {
    if (!slice.contains("endpoints") || !slice["endpoints"].is_array()) continue;
    for (const Value& endpoint : slice["endpoints"]) {
      ++all;
      const Value conditions = endpoint.value("conditions", Value::object());
      // Absent means ready.
      if (!conditions.is_object() || conditions.value("ready", Value(true)) != Value(false))
        return Readiness{.ready = true};
    }
  }
  return waiting(all == 0 ? "no endpoints" : "none of its " + std::to_string(all) + " endpoints is ready");
}

Result<Readiness> check_through_api(ClusterReader& reader, const Gate& gate, const std::string& path,
                                    Deadline deadline) {
  const Result<std::string> answer = reader.probe(path, deadline);
  if (answer) return Readiness{.ready = true};
  const Error& error = answer.error();
  // The service's own refusal, as against the API's "no such service".
  const bool service_missing = error.found.find("services \"") != std::string::npos;
  const bool refused = error.kind == ErrorKind::not_found || error.kind == ErrorKind::bad_input ||
                       error.kind == ErrorKind::unauthorised || error.kind == ErrorKind::internal;
  if (gate.kind == Gate::Kind::answers && refused && !service_missing) return Readiness{.ready = true};
  return waiting(error.found.empty() ? error.summary : error.found);
}

Result<Readiness> check_from_here(const Gate& gate, const UrlProbe& probe_url, Deadline deadline) {
  const Result<int> status = probe_url(gate, deadline);
  if (!status) return from_error(status.error());
  const bool good = gate.kind == Gate::Kind::answers ? *status != 502 && *status != 503 && *status != 504
                                                     : *status >= 200 && *status < 400;
  return good ? Readiness{.ready = true} : waiting("HTTP " + std::to_string(*status));
}

Error not_ready(ClusterReader& reader, const Gate& gate, const Readiness& state) {
  std::string found = gate.text + ": " + state.why;
  std::string command;
  if (!gate.object.name.empty()) {
    command = "kubectl describe " + gate.object.kind + " " + gate.object.name +
              (gate.object.name_space.empty() ? "" : " -n " + gate.object.name_space);
    const Deadline deadline = Deadline::in(call_limit);
    if (const Result<Value> live = reader.get(gate.object, deadline); live)
      if (const std::string reasons = explain_not_ready(reader, *live, deadline); !reasons.empty())
        found += "\n" + reasons;
  } else {
    command = "look at the service behind " + gate.url;
  }
  return fail(state.final ? ErrorKind::internal : ErrorKind::timeout,
              state.final ? "it failed and will not become ready" : "not ready in time",
              {.found = std::move(found), .expected = "ready", .advice = std::move(command)});
}

}  // namespace

UrlProbe make_url_probe(const std::string& ca_pem) {
  return [ca_pem](const Gate& gate, Deadline deadline) -> Result<int> {
    HttpOptions options{.ca_pem = ca_pem, .connect_timeout = Seconds(3)};
    if (!gate.address.empty()) {
      const Url url = parts_of(gate.url);
      options.resolve[url.host + ":" + url.port] = gate.address;
      options.proxy_from_environment = false;
    }
    const Result<HttpResponse> answer = HttpClient(options).send({.url = gate.url, .deadline = deadline});
    if (!answer) return answer.error();
    return answer->status;
  };
}

Result<Readiness> check_gate(ClusterReader& reader, const Gate& gate, const UrlProbe& probe_url, Freshness freshness,
                             Deadline deadline) {
  switch (gate.kind) {
    case Gate::Kind::ready:
      return check_object(reader, gate, freshness, deadline);
    case Gate::Kind::endpoints:
      return check_endpoints(reader, gate, deadline);
    case Gate::Kind::answers:
    case Gate::Kind::probe:
      if (const std::string path = api_path(gate); !path.empty())
        return check_through_api(reader, gate, path, deadline);
      return check_from_here(gate, probe_url ? probe_url : make_url_probe(""), deadline);
  }
  return Readiness{};
}

Result<void> wait_ready(ClusterReader& reader, Clock& clock, const std::vector<Gate>& gates, const WaitRules& rules) {
  std::string told;
  for (const Gate& gate : gates) {
    for (Milliseconds pause{200};; pause = std::min(pause * 3 / 2, Milliseconds(1000))) {
      if (rules.cancelled && rules.cancelled())
        return fail(ErrorKind::cancelled, "stopped while waiting: " + gate.text);
      const Result<Readiness> state =
          check_gate(reader, gate, rules.probe_url, Freshness::now, Deadline::in(call_limit));
      if (!state) return Error(state.error()).while_doing("waiting for " + gate.text);
      if (state->ready) break;
      if (state->final || clock.now() + pause >= rules.until) return not_ready(reader, gate, *state);
      const std::string text = gate.text + ": " + state->why;
      if (rules.on_progress && text != told) rules.on_progress(text);
      told = text;
      clock.sleep_until(clock.now() + pause);
    }
  }
  return {};
}

}  // namespace slipway
