package dev.roost.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JwtCheckTest {

  private static final JwtCheck CHECK = JwtCheck.of(TokenSource.authorization());

  @ParameterizedTest
  @CsvSource({
    "user:{sub},          user:ada",
    "{sub},               ada",
    "t{n}:{sub}:x,        t7:ada:x",
    "{sub}{sub},          adaada",
    "lobby,               lobby",
    "{https://a.example}, a/$1",
  })
  void anIdHasItsClaimsInPlace(String template, String id) {
    Map<String, Object> claims = Map.of("sub", "ada", "n", 7L, "https://a.example", "a/$1");
    assertEquals(Optional.of(id), CHECK.withId(template).idOf(claims));
  }

  @Test
  void withoutAClaimThatItNeedsThereIsNoId() {
    JwtCheck check = CHECK.withId("user:{sub}");
    assertEquals(Optional.empty(), check.idOf(Map.of("other", "ada")));
    assertEquals(Optional.empty(), check.idOf(Map.of("sub", "")));
    assertEquals(Optional.empty(), check.idOf(Map.of("sub", List.of("ada"))));
    assertEquals(Optional.empty(), check.idOf(Map.of("sub", 1.5)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "user:{sub", "user:sub}", "{}", "{{sub}}"})
  void anIdWhoseBracesDoNotMatchIsRefused(String template) {
    refused(
        "an id is text with claims in braces, such as user:{sub}", () -> CHECK.withId(template));
  }

  @Test
  void whatCannotBeMeantIsRefused() {
    refused("name a source", JwtCheck::of);
    refused("keys is a name", () -> CHECK.withKeys(" "));
    refused("leave them out here", () -> CHECK.withId("{sub}").withAskHandler(true));
    refused("leave them out here", () -> CHECK.withAskHandler(true).withAssigns("sub"));
    refused("long polling uses itself", () -> TokenSource.param("token"));

    JwtCheck byAuthToken = JwtCheck.of(TokenSource.authToken());
    SocketOptions options = SocketOptions.defaults();
    refused("add withAuthToken(true)", () -> options.withJwt(byAuthToken));
    assertEquals(byAuthToken, options.withAuthToken(true).withJwt(byAuthToken).jwt());

    SocketOptions asking = options.withCheckOrigin(OriginPolicy.byHandler());
    refused("add withAskHandler(true)", () -> asking.withJwt(CHECK));
    assertTrue(asking.withJwt(CHECK.withAskHandler(true)).jwt() != null);
  }

  private static void refused(String advice, Executable mistake) {
    String message = assertThrows(IllegalArgumentException.class, mistake).getMessage();
    assertTrue(message.contains(advice), message);
  }
}
