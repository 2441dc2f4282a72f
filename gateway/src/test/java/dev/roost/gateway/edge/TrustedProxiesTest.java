package dev.roost.gateway.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrustedProxiesTest {

  @ParameterizedTest
  @CsvSource({
    "10.0.0.7,         10.0.0.7,          true",
    "10.0.0.7,         10.0.0.8,          false",
    "10.0.0.0/8,       10.255.255.255,    true",
    "10.0.0.0/8,       11.0.0.0,          false",
    "10.0.0.7/8,       10.200.0.1,        true", // the host's bits do not count
    "192.168.16.0/20,  192.168.31.255,    true",
    "192.168.16.0/20,  192.168.32.0,      false",
    "192.168.16.0/20,  192.168.15.255,    false",
    "172.16.0.0/12,    172.31.0.1,        true",
    "0.0.0.0/0,        203.0.113.1,       true",
    "0.0.0.0/0,        2001:db8::1,       false",
    "10.0.0.7/32,      10.0.0.6,          false",
    "::1,              ::1,               true",
    "::1,              0:0:0:0:0:0:0:1,   true",
    "::1,              127.0.0.1,         false",
    "fd00::/8,         fdff:1::9,         true",
    "fd00::/8,         fe00::1,           false",
    "2001:db8::/33,    2001:db8:7fff::1,  true",
    "2001:db8::/33,    2001:db8:8000::1,  false",
    "::/0,             2001:db8::1,       true",
    "::/0,             10.0.0.1,          false",
    "10.0.0.0/8,       ::ffff:10.0.0.1,   true", // IPv4 on a socket of IPv6
  })
  void aRangeHasTheAddressesThatBeginAsItDoes(String range, String address, boolean contained) {
    assertEquals(contained, TrustedProxies.of(range).contains(TrustedProxies.address(address)));
  }

  @Test
  void oneOfSeveralIsEnough() {
    TrustedProxies proxies = TrustedProxies.of("10.0.0.1", "fd00::/8");
    assertTrue(proxies.contains(TrustedProxies.address("10.0.0.1")));
    assertTrue(proxies.contains(TrustedProxies.address("fd00::1")));
    assertFalse(proxies.contains(TrustedProxies.address("10.0.0.2")));
    assertFalse(proxies.contains(null));
    assertFalse(TrustedProxies.none().contains(TrustedProxies.address("10.0.0.1")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "proxy",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/",
        "/8",
        "::1/129",
        "10.0.0.0/8/8",
        "10.0.0.1:80",
        "localhost"
      })
  void anythingElseIsRefusedWithAnExample(String text) {
    var error = assertThrows(IllegalArgumentException.class, () -> TrustedProxies.of(text));
    assertEquals(
        "a trusted proxy is an address or a range such as 10.0.0.0/8 or fd00::/8, got \""
            + text
            + "\"",
        error.getMessage());
  }
}
