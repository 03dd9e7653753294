/** libtorch through JavaCPP as a peer of the benchmarks: its operations, autograd and optimizer, called as its C++ API is. */
@NullMarked
package io.polyglow.benchmarks.libtorch;

import org.jspecify.annotations.NullMarked;
