package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BothMetricsTest {

  private record Call(String method, List<Object> arguments) {}

  /** Whatever there is to count, also what is added one day. */
  static Stream<Method> methods() {
    return Arrays.stream(GatewayMetrics.class.getMethods())
        .filter(method -> !Modifier.isStatic(method.getModifiers()));
  }

  private static GatewayMetrics noting(List<Call> calls) {
    return (GatewayMetrics)
        Proxy.newProxyInstance(
            GatewayMetrics.class.getClassLoader(),
            new Class<?>[] {GatewayMetrics.class},
            (proxy, method, arguments) -> {
              calls.add(
                  new Call(method.getName(), arguments == null ? List.of() : List.of(arguments)));
              return null;
            });
  }

  private static Object some(Class<?> type) {
    if (type == int.class) {
      return 4_711;
    }
    if (type == Limit.class) {
      return Limit.MAX_QUEUED_BYTES;
    }
    throw new AssertionError("expected int or Limit, got " + type + ": give it a value here");
  }

  @ParameterizedTest
  @MethodSource("methods")
  void bothAreToldOnce(Method method) throws Exception {
    var one = new ArrayList<Call>();
    var other = new ArrayList<Call>();
    Object[] arguments =
        Arrays.stream(method.getParameterTypes()).map(BothMetricsTest::some).toArray();
    method.invoke(new BothMetrics(noting(one), noting(other)), arguments);

    List<Call> expected = List.of(new Call(method.getName(), List.of(arguments)));
    assertEquals(expected, one);
    assertEquals(expected, other);
  }
}
