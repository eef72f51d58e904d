/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests that run nodes in containers; each may ask for its own {@link Containers}.
 *
 * <p>Where no container engine answers they are skipped, with one line that says so, or fail with
 * {@code -Dmagpie.it.required=true}. A test that fails carries the logs of all its nodes.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ContainerEngine.class)
@interface InContainers {}
