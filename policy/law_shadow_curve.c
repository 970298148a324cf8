// SPDX-License-Identifier: GPL-2.0
#include "law_shadow_curve.h"

#define LEVEL_LEAST_PAGES 32u
#define LEVELS_PER_OCTAVE 4u
#define BUCKETS_PER_LIMIT 8

/* What the newest interval counts; six of them are nine tenths of a mean. */
#define NEW 0.35f
/* What is left of the trust in what was not seen again. */
#define FORGET 0.95f
/* Misses per CPU-second taken for granted if a VM at work lost all pages. */
#define MISSES_OF_NONE 20.0f

float law_shadow_level_pages(unsigned int level)
{
	static const float quarter[LEVELS_PER_OCTAVE] = {
		1.0f, 1.189207f, 1.414214f, 1.681793f,
	};

	return (float)(LEVEL_LEAST_PAGES << level / LEVELS_PER_OCTAVE) *
	       quarter[level % LEVELS_PER_OCTAVE];
}

/* Refaults that @more pages would have spared. */
static float spared(const uint64_t refaults[SNAP_REFAULT_BUCKETS],
		    float limit, float more)
{
	float buckets = more * BUCKETS_PER_LIMIT / limit, sum = 0;

	for (int i = 0; i < SNAP_REFAULT_BUCKETS - 1 && buckets > 0; i++) {
		sum += (float)refaults[i] * (buckets < 1 ? buckets : 1);
		buckets -= 1;
	}
	return sum;
}

static void see(struct law_shadow_curve *curve, unsigned int level,
		float misses)
{
	float old = curve->trust[level] * (1 - NEW);

	curve->misses[level] = (old * curve->misses[level] + NEW * misses) /
			       (old + NEW);
	curve->trust[level] = old + NEW;
}

void law_shadow_learn(struct law_shadow_curve *curve, uint32_t limit,
		      const uint64_t refaults[SNAP_REFAULT_BUCKETS],
		      float once, float cpu_s)
{
	float all = 0, lasting;

	for (int i = 0; i < SNAP_REFAULT_BUCKETS; i++)
		all += (float)refaults[i];
	lasting = all > once ? (all - once) / all : 0;
	for (unsigned int level = 0; level < LAW_SHADOW_LEVELS; level++) {
		float more = law_shadow_level_pages(level) - (float)limit;

		if (more >= 0)
			see(curve, level, (all - spared(refaults, (float)limit,
							more)) * lasting / cpu_s);
		else
			curve->trust[level] *= FORGET;
	}
}

/* The first level at or above the limit, or the last of all. */
static unsigned int level_of(uint32_t limit)
{
	unsigned int level = 0;

	while (level < LAW_SHADOW_LEVELS - 1 &&
	       law_shadow_level_pages(level) < (float)limit)
		level++;
	return level;
}

/* Misses per page at the limit: as steep as the curve comes down above it. */
static float slope_at(const float misses[LAW_SHADOW_LEVELS], unsigned int at,
		      uint32_t given)
{
	float steepest = 0;

	for (unsigned int i = at + 1; i < LAW_SHADOW_LEVELS; i++) {
		float slope = (misses[at] - misses[i]) /
			      (law_shadow_level_pages(i) -
			       law_shadow_level_pages(at));

		if (slope > steepest)
			steepest = slope;
	}
	return steepest + MISSES_OF_NONE / (float)given;
}

void law_shadow_estimate(const struct law_shadow_curve *curve, uint32_t limit,
			 uint32_t given, float ret_misses[LAW_SHADOW_LEVELS])
{
	unsigned int at = level_of(limit), i;
	float slope, guess;

	for (i = at; i < LAW_SHADOW_LEVELS; i++)
		ret_misses[i] = curve->misses[i];
	slope = slope_at(ret_misses, at, given);
	for (i = at; i-- > 0;) {
		guess = ret_misses[at] + slope *
			(law_shadow_level_pages(at) -
			 law_shadow_level_pages(i));
		ret_misses[i] = curve->trust[i] * curve->misses[i] +
				(1 - curve->trust[i]) * guess;
		if (ret_misses[i] < ret_misses[i + 1])
			ret_misses[i] = ret_misses[i + 1];
	}
}
