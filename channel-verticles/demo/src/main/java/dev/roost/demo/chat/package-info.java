/**
 * A chat on the public API only: the application that the quick start runs. Clients join {@code
 * room:*} and see each other's messages.
 */
@NullMarked
package dev.roost.demo.chat;

import org.jspecify.annotations.NullMarked;
