package dev.roost.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.routing.Advertisement;
import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketLimits;
import dev.roost.routing.SocketOptions;
import dev.roost.routing.TokenSource;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DirectoryCodecTest {

  private static final Advertisement CHAT =
      new Advertisement(
          "chat",
          List.of("/socket", "/other"),
          Map.of(
              "/socket",
              new SocketOptions(
                  OriginPolicy.listed("https://a.example", "//*.b.example"),
                  false,
                  "/ws",
                  new LongPollOptions("/lp", Duration.ofSeconds(5), 2_000, 50),
                  java.util.Set.of(ConnectInfoKey.URI, ConnectInfoKey.PEER_DATA),
                  true,
                  new JwtCheck(
                      "main",
                      List.of(
                          TokenSource.authToken(),
                          TokenSource.param("jwt"),
                          TokenSource.authorization()),
                      "user:{sub}",
                      List.of("sub", "tenant"),
                      false),
                  List.of("p2", "p1"),
                  Duration.ofSeconds(90),
                  new SocketLimits(7, 8, 9, 10, 11, 12))),
          List.of(new RoutePattern("room:*"), new RoutePattern("lobby")),
          List.of("roost.host.n1.1", "roost.host.n1.2"));

  private static final String TEXT =
      "{'version':1,'nodes':{'n1':[{'application':'chat','draining':true,"
          + "'paths':['/socket','/other'],'routes':['room:*','lobby'],"
          + "'inboxes':['roost.host.n1.1','roost.host.n1.2'],'handled':{'/socket':{'checkOrigin':["
          + "{'scheme':'https','host':'a.example','port':443},"
          + "{'scheme':null,'host':'*.b.example','port':-1}],"
          + "'checkCsrf':false,'websocketPath':'/ws','longPoll':{'path':'/lp','window':'PT5S','maxBodyBytes':2000,"
          + "'maxBatchLines':50},'connectInfo':['peer_data','uri'],'authToken':true,"
          + "'jwt':{'keys':'main','sources':['authToken','param:jwt','authorization'],"
          + "'id':'user:{sub}','assigns':['sub','tenant'],'askHandler':false},"
          + "'subprotocols':['p2','p1'],'idleTimeout':'PT1M30S','limits':{'maxChannels':7,"
          + "'joinsPerSecond':8,'eventsPerSecond':9,'bytesPerSecond':10,'maxTopicBytes':11,"
          + "'maxEventBytes':12}}}}]}}";

  private static byte[] json(String text) {
    return text.replace('\'', '"').getBytes(UTF_8);
  }

  @Test
  void aDirectoryIsWrittenAsItIsDescribed() {
    Directory directory = Directory.empty().with("n1", new Offer(CHAT, true));
    assertEquals(TEXT.replace('\'', '"'), new String(DirectoryCodec.encode(directory), UTF_8));
    assertEquals(directory, DirectoryCodec.decode(json(TEXT)));
  }

  @Test
  void anEmptyDirectoryHasNoNodes() {
    byte[] empty = json("{'version':1,'nodes':{}}");
    assertEquals(
        new String(empty, UTF_8), new String(DirectoryCodec.encode(Directory.empty()), UTF_8));
    assertEquals(Directory.empty(), DirectoryCodec.decode(empty));
  }

  @ParameterizedTest
  @ValueSource(strings = {"any", "sameHost", "sameConnection", "byHandler"})
  void everyOriginPolicyIsCarried(String policy) {
    OriginPolicy expected =
        switch (policy) {
          case "any" -> OriginPolicy.any();
          case "sameHost" -> OriginPolicy.sameHost();
          case "sameConnection" -> OriginPolicy.sameConnection();
          default -> OriginPolicy.byHandler();
        };
    SocketOptions options = SocketOptions.defaults().withCheckOrigin(expected);
    Advertisement application =
        new Advertisement("a", List.of("/s"), Map.of("/s", options), List.of(), List.of("i"));
    Directory directory =
        Directory.empty()
            .with("n1", new Offer(application, false))
            .with("n2", new Offer(CHAT, true));
    byte[] bytes = DirectoryCodec.encode(directory);
    assertTrue(new String(bytes, UTF_8).contains("\"checkOrigin\":\"" + policy + "\""));
    assertEquals(directory, DirectoryCodec.decode(bytes));
  }

  @Test
  void aDirectoryThatIsCutAnywhereIsRefused() {
    byte[] whole = json(TEXT);
    for (int length = 0; length < whole.length; length++) {
      refusal(Arrays.copyOf(whole, length));
    }
    byte[] longer = Arrays.copyOf(whole, whole.length + 1);
    longer[whole.length] = '1';
    refusal(longer);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "'version':1            | 'version':2            | version 1",
        "'version':1            | 'version':'1'          | version 1",
        "'version':1            | 'version':1,'more':0   | nodes, version",
        "'draining':true        | 'draining':'true'      | draining",
        "'draining':true,       | ''                     | JSON object",
        "'application':'chat'   | 'application':1        | application",
        "'application':'chat'   | 'application':''       | a name",
        "'draining':true        | 'draining':true,'x':1  | an object with",
        "['room:*','lobby']     | ['room:*',1]           | routes",
        "['room:*','lobby']     | ['ro*m']               | a route is",
        "['room:*','lobby']     | 'lobby'                | routes",
        "['peer_data','uri']    | ['cookies']            | cookies",
        "'param:jwt'            | 'cookie:jwt'           | a known source",
        "'user:{sub}'           | 'user:{sub'            | an id is text",
        "'askHandler':false     | 'askHandler':null      | askHandler",
        "'askHandler':false     | 'askHandler':true      | with askHandler",
        "'port':443             | 'port':443.5           | port",
        "'port':443             | 'port':4430000000      | port",
        "'host':'a.example'     | 'host':null            | host",
        "'maxChannels':7        | 'maxChannels':0        | maxChannels",
        "'idleTimeout':'PT1M30S'| 'idleTimeout':'soon'   | duration",
        "'websocketPath':'/ws'  | 'websocketPath':'ws'   | websocketPath",
        "'window':'PT5S'        | 'window':'PT0S'        | window",
        "'window':'PT5S'        | 'window':5             | window",
        "'maxBatchLines':50     | 'lines':50             | maxBatchLines",
        "'joinsPerSecond':8     | 'joinsPerSecond':'8'   | joinsPerSecond",
        "'maxEventBytes':12     | 'maxEventBytes':30000  | maxEventBytes",
        "'/socket':{            | 'socket':{             | a socket path",
        "'nodes':{              | 'nodes':{'n2':{},      | n2",
        "['roost.host.n1.1','roost.host.n1.2'] | []      | no host verticle",
      })
  void whatIsNotKnownIsRefusedByName(String right, String wrong, String named) {
    assertTrue(TEXT.contains(right), right);
    String message = refusal(json(TEXT.replace(right, wrong)));
    assertTrue(message.contains(named), message);
  }

  @Test
  void anApplicationIsOfferedOnceByANode() {
    String offer = TEXT.substring(TEXT.indexOf("[{") + 1, TEXT.lastIndexOf("]}}"));
    String message = refusal(json("{'version':1,'nodes':{'n1':[" + offer + "," + offer + "]}}"));
    assertTrue(message.contains("chat"), message);
  }

  @Test
  void theBytesAreBounded() {
    assertTrue(refusal(new byte[DirectoryCodec.MAX_BYTES + 1]).contains("1048576"));
    var routes =
        java.util.stream.IntStream.range(0, 100_000)
            .mapToObj(i -> new RoutePattern("room:" + i))
            .toList();
    var large =
        Directory.empty()
            .with(
                "n",
                new Offer(
                    new Advertisement("a", List.of("/s"), Map.of(), routes, List.of("i")), false));
    assertThrows(DirectoryCodec.TooLargeException.class, () -> DirectoryCodec.encode(large));
  }

  private static String refusal(byte[] bytes) {
    return assertThrows(IllegalArgumentException.class, () -> DirectoryCodec.decode(bytes))
        .getMessage();
  }
}
