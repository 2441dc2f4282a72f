package dev.roost.gateway.transport;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.json.JsonObject;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Section 1.1 of the specification; path variables are laid over it by the transport (E-9). */
class QueryParamsTest {

  /** E-20, E-21. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "a=1 {\"a\":\"1\"}",
        "a=1&b=2 {\"a\":\"1\",\"b\":\"2\"}",
        "a {\"a\":\"\"}",
        "a= {\"a\":\"\"}",
        "a=b=c {\"a\":\"b=c\"}",
        "a=1&a=2 {\"a\":\"2\"}",
        "a=1&b=2&a=3 {\"a\":\"3\",\"b\":\"2\"}",
        "vsn=2.0.0&token=t&_csrf_token=c {\"vsn\":\"2.0.0\",\"token\":\"t\",\"_csrf_token\":\"c\"}",
      })
  void pairsAreStringsAndALaterOneWins(String query, String params) {
    assertParams(params, query);
  }

  /** E-21. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a=b+c|{\"a\":\"b c\"}",
        "a=b%20c|{\"a\":\"b c\"}",
        "a=b%2Bc|{\"a\":\"b+c\"}",
        "a+b=1|{\"a b\":\"1\"}",
        "%61=%62|{\"a\":\"b\"}",
        "a=%26%3D|{\"a\":\"&=\"}",
        "a=%C3%A9%e2%82%ac%F0%9f%98%80|{\"a\":\"\u00e9\u20ac\ud83d\ude00\"}",
        "a=\u00e9+\ud83d\ude00|{\"a\":\"\u00e9 \ud83d\ude00\"}",
        "a=%00|{\"a\":\"\\u0000\"}",
      })
  void namesAndValuesAreFormDecoded(String query, String params) {
    assertParams(params, query);
  }

  /** E-21. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "a[b]=1 {\"a\":{\"b\":\"1\"}}",
        "a[b]=1&a[c]=2 {\"a\":{\"b\":\"1\",\"c\":\"2\"}}",
        "a[b]=1&a[b]=2 {\"a\":{\"b\":\"2\"}}",
        "a[b][c]=1 {\"a\":{\"b\":{\"c\":\"1\"}}}",
        "a%5Bb%5D=1 {\"a\":{\"b\":\"1\"}}",
        "a[b]=1&a=2 {\"a\":\"2\"}",
        "a=1&a[b]=2 {\"a\":{\"b\":\"2\"}}",
        "l[]=1 {\"l\":[\"1\"]}",
        "l[]=1&l[]=2 {\"l\":[\"1\",\"2\"]}",
        "l[]=1&l[]=1 {\"l\":[\"1\",\"1\"]}",
        "l[]=1&l=2 {\"l\":\"2\"}",
        "l=1&l[]=2 {\"l\":[\"2\"]}",
        "a[l][]=1&a[l][]=2 {\"a\":{\"l\":[\"1\",\"2\"]}}",
        "l[][b]=1 {\"l\":[{\"b\":\"1\"}]}",
        "l[] {\"l\":[\"\"]}",
      })
  void bracketsNest(String query, String params) {
    assertParams(params, query);
  }

  /** E-22: what phoenix.js makes of an array. */
  @Test
  void numberedBracketsAreAMap() {
    assertParams("{\"l\":{\"0\":\"x\",\"1\":\"y\"}}", "l[0]=x&l[1]=y");
    assertParams("{\"l\":{\"0\":\"x\",\"1\":\"y\"}}", "l%5B0%5D=x&l%5B1%5D=y");
  }

  /** N-5: not a string, so no version. */
  @Test
  void aVersionInBracketsIsNoString() {
    assertParams("{\"vsn\":[\"2.0.0\"]}", "vsn[]=2.0.0");
    assertParams("{\"vsn\":{\"a\":\"2.0.0\"}}", "vsn[a]=2.0.0");
  }

  /** E-23: phoenix.js ends a long poll's query so. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "vsn=2.0.0& {\"vsn\":\"2.0.0\"}",
        "& {}",
        "&&a=1&&&b=2&& {\"a\":\"1\",\"b\":\"2\"}",
        "'' {}",
      })
  void emptyPairsAreIgnored(String query, String params) {
    assertParams(params, query);
  }

  /** E-24. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "a=%zz {\"a\":\"%zz\"}",
        "a=% {\"a\":\"%\"}",
        "a=%4 {\"a\":\"%4\"}",
        "a=%4z {\"a\":\"%4z\"}",
        "a=%%41 {\"a\":\"%A\"}",
        "a=100%&b=1 {\"a\":\"100%\",\"b\":\"1\"}",
        "%zz=1 {\"%zz\":\"1\"}",
      })
  void aMalformedEscapeIsKept(String query, String params) {
    assertParams(params, query);
  }

  /** E-24: the transport answers 400. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "a=%ff",
        "%ff=1",
        "a=%c3",
        "a=%c0%af",
        "a=%ed%a0%80",
        "a=1&b=%ff&c=3",
        "a[%ff]=1",
        "a=\u00ff"
      })
  void whatDecodesToNoUtf8IsRefused(String query) {
    assertEquals(Optional.empty(), QueryParams.decode(query));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "a[b=1 {\"a[b\":\"1\"}",
        "a]=1 {\"a]\":\"1\"}",
        "a[b]c=1 {\"a[b]c\":\"1\"}",
        "a[b]c[d]=1 {\"a[b]c[d]\":\"1\"}",
      })
  void brokenBracketsArePartOfThePlainName(String query, String params) {
    assertParams(params, query);
  }

  /** A bound of ours: what nests deeper is one plain name. */
  @Test
  void nestingHasALimit() {
    String atLimit = "a" + "[b]".repeat(32);
    assertEquals(32, depth(QueryParams.decode(atLimit + "=1").orElseThrow().getValue("a")));
    String over = "a" + "[b]".repeat(33);
    assertEquals("1", QueryParams.decode(over + "=1").orElseThrow().getString(over));
  }

  private static int depth(Object value) {
    return value instanceof JsonObject object ? 1 + depth(object.getValue("b")) : 0;
  }

  private static void assertParams(String expected, String query) {
    assertEquals(new JsonObject(expected), QueryParams.decode(asSent(query)).orElseThrow());
  }

  /** As Vert.x hands it over: each octet a character. */
  private static String asSent(String query) {
    return query == null ? "" : new String(query.getBytes(UTF_8), ISO_8859_1);
  }
}
