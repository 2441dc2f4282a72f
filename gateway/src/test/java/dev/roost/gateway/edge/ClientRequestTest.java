package dev.roost.gateway.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.MultiMap;
import io.vertx.core.net.HostAndPort;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** H-34: who asks, and by which address, with proxies in front and without. */
class ClientRequestTest {

  private static final TrustedProxies PROXIES =
      TrustedProxies.of("10.0.0.0/8", "2001:db8:aaaa::/48");

  private final MultiMap headers = MultiMap.caseInsensitiveMultiMap();

  private ClientRequestTest with(String name, String value) {
    headers.add(name, value);
    return this;
  }

  private ClientRequest from(String peer) {
    return ClientRequest.of(false, HostAndPort.create("gateway", 4_000), peer, headers, PROXIES);
  }

  private ClientRequestTest everything() {
    return with("X-Forwarded-Proto", "https")
        .with("X-Forwarded-Host", "chat.example")
        .with("X-Forwarded-Port", "8443")
        .with("X-Forwarded-For", "198.51.100.7");
  }

  @Test
  void aTrustedProxySpeaksForItsClient() {
    assertEquals(
        new ClientRequest("https", "chat.example", 8_443, "198.51.100.7"),
        everything().from("10.1.2.3"));
    assertEquals(
        new ClientRequest("https", "chat.example", 8_443, "198.51.100.7"),
        from("2001:db8:aaaa::1"));
  }

  @Test
  void whatAnybodyElseSaysCountsNothing() {
    assertEquals(
        new ClientRequest("http", "gateway", 4_000, "192.0.2.1"), everything().from("192.0.2.1"));
    assertEquals(
        new ClientRequest("http", "gateway", 4_000, "2001:db8:bbbb::1"), from("2001:db8:bbbb::1"));
  }

  @Test
  void withoutTrustNobodyIsBelieved() {
    everything();
    assertEquals(
        new ClientRequest("https", "gateway", 4_000, "10.1.2.3"),
        ClientRequest.of(
            true,
            HostAndPort.create("gateway", 4_000),
            "10.1.2.3",
            headers,
            TrustedProxies.none()));
  }

  @Test
  void aRequestWithoutHostOrPeerHasNone() {
    assertEquals(
        new ClientRequest("https", null, 443, null),
        ClientRequest.of(true, null, null, headers, PROXIES));
  }

  /** From the right as far as it is trusted: what a client itself sends stands to the left. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "198.51.100.7                       | 198.51.100.7",
        "203.0.113.9, 198.51.100.7          | 198.51.100.7",
        "203.0.113.9, 198.51.100.7,10.0.0.8 | 198.51.100.7",
        "10.0.0.9, 198.51.100.7, 10.0.0.8   | 198.51.100.7",
        "10.0.0.9, 10.0.0.8                 | 10.0.0.9",
        "198.51.100.7, unknown, 10.0.0.8    | 10.0.0.8",
        "198.51.100.7, unknown              | 10.1.2.3",
        "_hidden                            | 10.1.2.3",
        "198.51.100.7:4711                  | 198.51.100.7",
        "2001:DB8:0:0::7                    | 2001:db8::7",
        "[2001:db8::7]:4711                 | 2001:db8::7",
        "[2001:db8::7                       | 10.1.2.3",
        "::ffff:198.51.100.7                | 198.51.100.7",
        "chat.example                       | 10.1.2.3",
        "''                                 | 10.1.2.3",
      })
  void theClientIsTheLastWhoIsNotTrusted(String forwarded, String client) {
    assertEquals(client, with("X-Forwarded-For", forwarded).from("10.1.2.3").client());
  }

  @Test
  void aListMayStandInSeveralHeaders() {
    with("X-Forwarded-For", "203.0.113.9").with("X-Forwarded-For", "198.51.100.7");
    with("X-Forwarded-Proto", "http").with("X-Forwarded-Proto", "https");
    with("X-Forwarded-Host", "evil.example, chat.example");
    assertEquals(new ClientRequest("https", "chat.example", 443, "198.51.100.7"), from("10.1.2.3"));
  }

  @ParameterizedTest
  @CsvSource({
    "https, https, 443",
    "HTTPS, https, 443",
    "wss,   https, 443", // Traefik
    "ws,    http,  80",
    "http,  http,  80",
    "ftp,   http,  80",
  })
  void theSchemeIsOneOfTwo(String forwarded, String scheme, int port) {
    with("X-Forwarded-Proto", forwarded).with("X-Forwarded-Host", "chat.example");
    assertEquals(new ClientRequest(scheme, "chat.example", port, "10.1.2.3"), from("10.1.2.3"));
  }

  /** The port is that of x-forwarded-port, else the one that the host was named with. */
  @ParameterizedTest
  @CsvSource({
    "chat.example:8443, ,      8443",
    "chat.example:8443, 9443,  9443",
    "chat.example,      9443,  9443",
    "chat.example,      0,     80",
    "chat.example,      65536, 80",
    "chat.example,      x,     80",
  })
  void thePortIsTheOneThatIsNamed(String host, String port, int expected) {
    with("X-Forwarded-Host", host);
    if (port != null) {
      with("X-Forwarded-Port", port);
    }
    assertEquals(expected, from("10.1.2.3").port());
  }

  @ParameterizedTest
  @CsvSource({"'chat example'", "chat.example/path", "''", "user@chat.example"})
  void whatIsNoHostIsLeftOut(String forwarded) {
    assertEquals("gateway", with("X-Forwarded-Host", forwarded).from("10.1.2.3").host());
  }

  /** A proxy that hands the client's own Host header on says nothing of the port but there. */
  @Test
  void theHostHeaderKeepsItsPort() {
    with("X-Forwarded-Proto", "https");
    assertEquals(4_000, from("10.1.2.3").port());
    assertEquals(
        443,
        ClientRequest.of(
                false, HostAndPort.create("chat.example", -1), "10.1.2.3", headers, PROXIES)
            .port());
  }
}
