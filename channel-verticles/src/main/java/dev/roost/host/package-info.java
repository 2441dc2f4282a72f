/**
 * The machinery behind a channel: the verticle that owns partitions, the home of each live topic,
 * and the process and mailbox of each joined channel. Bus messages come in from gateways, user
 * callbacks run one at a time, results go back in call order. Internal: applications use {@code
 * dev.roost.channel}.
 */
@NullMarked
package dev.roost.host;

import org.jspecify.annotations.NullMarked;
