package dev.roost.testkit.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;

/**
 * A version of the protocol, as a client speaks it. Strict in what it takes from the server:
 * anything but the shapes of the specification is an {@link AssertionError}.
 */
public enum Vsn {
  /** JSON objects, text only. */
  V1("1.0.0") {
    @Override
    public WebSocketFrame encode(PhoenixMessage message) {
      if (message.isBinary()) {
        throw new IllegalArgumentException("version 1 has no binary payloads");
      }
      ObjectNode object = NODES.objectNode();
      object.put("topic", message.topic()).put("event", message.event());
      object.set("payload", message.payload());
      object.set("ref", message.ref());
      if (!message.joinRef().isNull()) {
        object.set("join_ref", message.joinRef());
      }
      return WebSocketFrame.text(object.toString());
    }

    @Override
    public PhoenixMessage decodeText(String text) {
      JsonNode object = parse(text);
      var keys = new TreeSet<String>();
      object.fieldNames().forEachRemaining(keys::add);
      // S-4: exactly these, never a join_ref.
      if (!keys.equals(Set.of("event", "payload", "ref", "topic"))) {
        throw unexpected("an object with topic, event, payload and ref", text);
      }
      return new PhoenixMessage(
          NullNode.instance,
          object.get("ref"),
          string(object.get("topic"), text),
          string(object.get("event"), text),
          object.get("payload"));
    }

    @Override
    PhoenixMessage decodeBinary(byte[] body) {
      throw new AssertionError("expected text from a server of version 1, got binary");
    }
  },

  /** JSON arrays, and binary frames. */
  V2("2.0.0") {
    @Override
    public WebSocketFrame encode(PhoenixMessage message) {
      if (message.isBinary()) {
        return WebSocketFrame.binary(binary(message));
      }
      ArrayNode array = NODES.arrayNode(5);
      array.add(message.joinRef()).add(message.ref());
      array.add(message.topic()).add(message.event()).add(message.payload());
      return WebSocketFrame.text(array.toString());
    }

    // B-2: 0, four lengths, four texts, the payload.
    private byte[] binary(PhoenixMessage message) {
      var out = new ByteArrayOutputStream();
      out.write(0);
      byte[][] fields = {
        utf8(message.joinRef().asText("")),
        utf8(message.ref().asText("")),
        utf8(message.topic()),
        utf8(message.event())
      };
      for (byte[] field : fields) {
        if (field.length > 255) {
          throw new IllegalArgumentException("a field of a binary message has at most 255 octets");
        }
        out.write(field.length);
      }
      for (byte[] field : fields) {
        out.writeBytes(field);
      }
      out.writeBytes(((BinaryNode) message.payload()).binaryValue());
      return out.toByteArray();
    }

    @Override
    public PhoenixMessage decodeText(String text) {
      JsonNode array = parse(text);
      if (!array.isArray() || array.size() != 5) {
        throw unexpected("an array of five", text);
      }
      return new PhoenixMessage(
          array.get(0),
          array.get(1),
          string(array.get(2), text),
          string(array.get(3), text),
          array.get(4));
    }

    // B-3 to B-5.
    @Override
    PhoenixMessage decodeBinary(byte[] body) {
      var in = ByteBuffer.wrap(body);
      return switch (in.get()) {
        case 0 -> {
          int[] lengths = lengths(in, 3);
          yield new PhoenixMessage(
              ref(in, lengths[0]),
              NullNode.instance,
              text(in, lengths[1]),
              text(in, lengths[2]),
              rest(in));
        }
        case 1 -> {
          int[] lengths = lengths(in, 4);
          JsonNode joinRef = ref(in, lengths[0]);
          JsonNode ref = ref(in, lengths[1]);
          String topic = text(in, lengths[2]);
          ObjectNode payload = NODES.objectNode();
          payload.put("status", text(in, lengths[3]));
          payload.set("response", rest(in));
          yield new PhoenixMessage(joinRef, ref, topic, "phx_reply", payload);
        }
        case 2 -> {
          int[] lengths = lengths(in, 2);
          yield new PhoenixMessage(
              NullNode.instance,
              NullNode.instance,
              text(in, lengths[0]),
              text(in, lengths[1]),
              rest(in));
        }
        default -> throw new AssertionError("a server sends binary of kind 0, 1 and 2");
      };
    }
  };

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  private final String version;

  Vsn(String version) {
    this.version = version;
  }

  /** The value of the parameter {@code vsn}. */
  public String version() {
    return version;
  }

  /** The frame that a client sends a message in; its payload is what a long-poll client posts. */
  public abstract WebSocketFrame encode(PhoenixMessage message);

  /** Reads a text message of the server. */
  public abstract PhoenixMessage decodeText(String text);

  abstract PhoenixMessage decodeBinary(byte[] body);

  /** Reads a message of the server, by its frame text or binary. */
  public PhoenixMessage decode(WebSocketFrame frame) {
    return frame.opcode() == WebSocketFrame.BINARY
        ? decodeBinary(frame.payload())
        : decodeText(strictUtf8(frame.payload()));
  }

  private static JsonNode parse(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      throw new AssertionError("expected JSON from the server, got " + text, e);
    }
  }

  private static String string(JsonNode node, String text) {
    if (!node.isTextual()) {
      throw unexpected("a string for topic and event", text);
    }
    return node.asText();
  }

  private static AssertionError unexpected(String expected, String text) {
    return new AssertionError("expected " + expected + " from the server, got " + text);
  }

  private static String strictUtf8(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new AssertionError("expected UTF-8 in a text frame of the server", e);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static int[] lengths(ByteBuffer in, int count) {
    var lengths = new int[count];
    for (int i = 0; i < count; i++) {
      lengths[i] = in.get() & 0xff;
    }
    return lengths;
  }

  private static String text(ByteBuffer in, int length) {
    var bytes = new byte[length];
    in.get(bytes);
    return strictUtf8(bytes);
  }

  /** Length 0 stands for null (B-6). */
  private static JsonNode ref(ByteBuffer in, int length) {
    return length == 0 ? NullNode.instance : TextNode.valueOf(text(in, length));
  }

  private static BinaryNode rest(ByteBuffer in) {
    var bytes = new byte[in.remaining()];
    in.get(bytes);
    return BinaryNode.valueOf(bytes);
  }
}
