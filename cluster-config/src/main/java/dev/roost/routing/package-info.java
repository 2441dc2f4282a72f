/**
 * What an application offers to clients: socket paths with their options, and the routes of its
 * topics. Pure values that match, compare and refuse; applications state them, nodes share them,
 * gateways go by them. {@code RateLimit} is how both sides keep a rate, {@code PresenceAllowance}
 * what a socket may track.
 */
@NullMarked
package dev.roost.routing;

import org.jspecify.annotations.NullMarked;
