/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_NOISE_H
#define REPLAY_NOISE_H

#include <stdint.h>

/** noise - neighbouring numbers give unrelated ones (splitmix64's mixer). */
static inline uint64_t noise(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

#endif
