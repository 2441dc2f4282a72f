package dev.roost.gateway.protocol;

/**
 * One encoded message on its way to clients: the body of a text or binary WebSocket frame.
 *
 * @param binary whether it goes into a binary frame
 * @param body the bytes; nobody changes them
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody; a copy would defeat the purpose
public record Frame(boolean binary, byte[] body) {}
