package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.roost.cluster.Applications;
import dev.roost.launcher.settings.Invocation;
import dev.roost.launcher.settings.Settings;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.SocketOptions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** O-5: without a host of its own the server's is whatever a request says. */
class OriginWarningTest {

  private static final String CLUSTERED = "--role=gateway --cluster-seeds=10.0.0.5";

  private static boolean warns(String arguments, Applications.Mount... mounts) {
    List<String> given =
        arguments == null || arguments.isEmpty() ? List.of() : List.of(arguments.split(" "));
    Settings settings =
        assertInstanceOf(Invocation.Start.class, Invocation.read(given, Map.of())).settings();
    return OriginWarning.of(settings, List.of(mounts))
        .filter(warning -> warning.contains("--public-host"))
        .isPresent();
  }

  private static Applications.Mount mount(OriginPolicy policy) {
    SocketOptions options = SocketOptions.defaults().withCheckOrigin(policy);
    return new Applications.Mount("/socket", Map.of(), options, "chat");
  }

  @ParameterizedTest
  @CsvSource({
    "--host=0.0.0.0,                            true",
    "--host=10.0.0.6,                           true",
    "--host=::,                                 true",
    ",                                          true",
    "--host=127.0.0.1,                          false",
    "--host=localhost,                          false",
    "--host=::1,                                false",
    "--public-host=chat.example,                false",
    "--role=channels --cluster-seeds=10.0.0.5,  false",
  })
  void itMattersWhereOthersReachAGatewayThatHasNoPublicHost(String arguments, boolean expected) {
    assertEquals(expected, warns(arguments, mount(OriginPolicy.sameHost())));
  }

  @Test
  void itMattersWhereAMountComparesHosts() {
    assertEquals(false, warns("", mount(OriginPolicy.any()), mount(OriginPolicy.listed())));
    assertEquals(true, warns("", mount(OriginPolicy.any()), mount(OriginPolicy.sameHost())));
    assertEquals(false, warns("")); // pages only
    assertEquals(true, warns(CLUSTERED)); // others may bring mounts
  }
}
