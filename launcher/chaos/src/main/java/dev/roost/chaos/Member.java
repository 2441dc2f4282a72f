package dev.roost.chaos;

/** A client on one topic: who receives, and as publisher who pushes. */
record Member(String topic, int client) {

  @Override
  public String toString() {
    return "client " + client + " on " + topic;
  }
}
