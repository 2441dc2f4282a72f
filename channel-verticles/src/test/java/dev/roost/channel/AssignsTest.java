package dev.roost.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AssignsTest {

  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  record User(int id, String name) {}

  private static Assigns assigns(String json) throws Exception {
    return new Assigns(MAPPER, (ObjectNode) MAPPER.readTree(json));
  }

  @Test
  void whatConnectAssignedIsReadAsTheTypeAskedFor() throws Exception { // N-10
    Assigns assigns = assigns("{\"user\":{\"id\":7,\"name\":\"ada\"},\"n\":1,\"none\":null}");
    assertEquals(Optional.of(new User(7, "ada")), assigns.get("user", User.class));
    assertEquals(Optional.of(1), assigns.get("n", Integer.class));
    assertEquals(Optional.of(1L), assigns.get("n", Long.class));
    assertEquals(Optional.empty(), assigns.get("none", String.class));
    assertEquals(Optional.empty(), assigns.get("other", String.class));
  }

  @Test
  void whatAChannelPutsStaysTheSameObjectAndHidesConnects() throws Exception { // J-7, M-17
    var list = List.of(1);
    Assigns assigns = assigns("{\"list\":[2]}").put("list", list);
    assertSame(list, assigns.get("list", List.class).orElseThrow());
  }

  @Test
  void whatIsRemovedIsGoneForThisChannelWhereverItCameFrom() throws Exception {
    Assigns assigns = assigns("{\"user\":7,\"n\":1}").put("own", "x").remove("own").remove("user");
    assertEquals(Optional.empty(), assigns.get("own", String.class));
    assertEquals(Optional.empty(), assigns.get("user", Integer.class));
    assertEquals(Optional.of(1), assigns.get("n", Integer.class));
    assertEquals(Optional.of(8), assigns.put("user", 8).get("user", Integer.class));
  }

  @Test
  void nullIsNoValueAndTheErrorSaysWhatToDo() throws Exception {
    Assigns assigns = assigns("{\"user\":7}");
    var refused = assertThrows(NullPointerException.class, () -> assigns.put("user", null));
    assertEquals("assign \"user\" is null: use remove to have no value", refused.getMessage());
    assertEquals(Optional.of(7), assigns.get("user", Integer.class));
  }

  @Test
  void aPrimitiveTypeIsThatOfItsValues() throws Exception {
    Assigns assigns = assigns("{\"n\":1}").put("own", 2).put("is", true);
    assertEquals(Optional.of(1), assigns.get("n", int.class));
    assertEquals(Optional.of(2), assigns.get("own", int.class));
    assertEquals(Optional.of(true), assigns.get("is", boolean.class));
    assertThrows(IllegalArgumentException.class, () -> assigns.get("own", long.class));
  }

  @Test
  void anotherTypeIsRefusedWithoutQuotingTheValue() throws Exception {
    Assigns assigns = assigns("{\"token\":\"secret\"}").put("own", "secret");
    for (String name : List.of("token", "own")) {
      var refused =
          assertThrows(IllegalArgumentException.class, () -> assigns.get(name, Integer.class));
      assertTrue(refused.getMessage().contains(name), refused.getMessage());
      for (Throwable t = refused; t != null; t = t.getCause()) {
        assertFalse(String.valueOf(t.getMessage()).contains("secret"), t.getMessage());
      }
    }
  }
}
