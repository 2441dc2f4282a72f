package dev.roost.launcher;

import dev.roost.gateway.GatewayMetrics;

/** Gateway metrics of another jar, on the class path of one test. */
public final class Meter implements GatewayMetrics {}
