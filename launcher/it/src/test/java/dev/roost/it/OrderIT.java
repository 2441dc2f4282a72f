package dev.roost.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.application.ChannelOptions;
import dev.roost.conformance.Fixture;
import dev.roost.gateway.GatewayOptions;
import dev.roost.testkit.client.ClientOptions;
import dev.roost.testkit.client.PhoenixClient;
import dev.roost.testkit.client.PhoenixMessage;
import dev.roost.testkit.client.Vsn;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The order in which messages arrive, with two gateways, several hosts and many publishers. */
class OrderIT {

  private static final int MEMBERS = 12;
  private static final int INSIDE = 3;
  private static final int OUTSIDE = 3;
  private static final int EACH = 150;

  private static TestServer server;

  @BeforeAll
  static void start() {
    server =
        TestServer.start(
                GatewayOptions.defaults(),
                ChannelOptions.defaults().withVerticles(3),
                new Fixture().application())
            .addGateway(GatewayOptions.defaults());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void everyMemberSeesTheSameOrder() throws Exception { // design, section 2: one order per topic
    List<String> topics = List.of("room:order1", "room:order2");
    var members = new ArrayList<PhoenixClient>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < MEMBERS; i++) {
        var member =
            PhoenixClient.connect(
                ClientOptions.port(server.port(i % 2))
                    .withLimit(TestServer.LIMIT)
                    .withVsn(i % 3 == 0 ? Vsn.V1 : Vsn.V2));
        members.add(member);
        for (String topic : topics) {
          assertEquals("ok", member.join(topic).status());
        }
      }
      var publishing = new ArrayList<Future<?>>();
      for (int p = 0; p < INSIDE; p++) {
        int publisher = p;
        publishing.add(
            threads.submit(
                () -> {
                  for (int n = 0; n < EACH; n++) {
                    for (String topic : topics) {
                      members.get(publisher).push(topic, "shout", said(publisher, n));
                    }
                  }
                }));
      }
      for (int p = INSIDE; p < INSIDE + OUTSIDE; p++) {
        int publisher = p;
        publishing.add(
            threads.submit(
                () -> {
                  for (int n = 0; n < EACH; n++) {
                    for (String topic : topics) {
                      server.broadcaster().broadcast(topic, "shout", said(publisher, n));
                    }
                  }
                }));
      }
      List<Future<Map<String, List<String>>>> seen = new ArrayList<>();
      for (PhoenixClient member : members) {
        Callable<Map<String, List<String>>> reading =
            () -> read(member, topics.size() * (INSIDE + OUTSIDE) * EACH);
        seen.add(threads.submit(reading));
      }
      for (Future<?> done : publishing) {
        done.get();
      }
      Map<String, List<String>> first = seen.get(0).get();
      for (Future<Map<String, List<String>>> other : seen) {
        assertEquals(first, other.get());
      }
      for (String topic : topics) {
        for (int p = 0; p < INSIDE + OUTSIDE; p++) {
          String publisher = p + "/";
          List<String> own =
              first.get(topic).stream().filter(s -> s.startsWith(publisher)).toList();
          var expected = new ArrayList<String>();
          for (int n = 0; n < EACH; n++) {
            expected.add(publisher + n);
          }
          assertEquals(expected, own); // U-7
        }
      }
    } finally {
      members.forEach(PhoenixClient::close);
    }
  }

  private static Map<String, Object> said(int publisher, int n) {
    return Map.of("p", publisher, "n", n);
  }

  private static Map<String, List<String>> read(PhoenixClient member, int count) {
    var byTopic = new HashMap<String, List<String>>();
    for (int i = 0; i < count; i++) {
      PhoenixMessage message = member.next();
      assertEquals("shout", message.event());
      byTopic
          .computeIfAbsent(message.topic(), topic -> new ArrayList<>())
          .add(message.payload().path("p").asInt() + "/" + message.payload().path("n").asInt());
    }
    return byTopic;
  }

  @Test
  void aMemberSeesItsOwnBroadcastsPushesAndRepliesInTheOrderOfItsEvents() { // R0-3, F-13
    try (var ada = PhoenixClient.connect(server.options())) {
      ada.join("test:own");
      var expected = new ArrayList<String>();
      for (int n = 0; n < 200; n++) {
        String event = List.of("push", "broadcast", "echo").get(n % 3);
        String ref = ada.push("test:own", event, Map.of("n", n));
        expected.add(
            switch (event) {
              case "push" -> "[\"1\",null,\"test:own\",\"pushed\",{\"n\":" + n + "}]";
              case "broadcast" -> "[null,null,\"test:own\",\"bcast\",{\"n\":" + n + "}]";
              default ->
                  "[\"1\",\""
                      + ref
                      + "\",\"test:own\",\"phx_reply\",{\"status\":\"ok\",\"response\":{\"n\":"
                      + n
                      + "}}]";
            });
      }
      for (String message : expected) {
        assertEquals(message, ada.next().toString());
      }
    }
  }
}
