/* mbedtls_rounds.c - the rounds of MD5 (RFC 1321 3.4) and SHA-1 (RFC 3174 6.1) as loops.
 *
 * mbedtls writes them out, which is fast and 6 KiB larger; a login hashes a few hundred bytes. Padding, lengths and states
 * stay mbedtls's: these take the places that MBEDTLS_MD5_PROCESS_ALT and MBEDTLS_SHA1_PROCESS_ALT leave.
 */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include <mbedtls/md5.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha1.h>
#include <stdint.h>
#include <string.h>

/* 2^32 * |sin(i + 1)| */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static uint32_t rotate(uint32_t value, unsigned int bits)
{
	return value << bits | value >> (32 - bits);
}

/* One of the functions that both hashes have, in different orders. */
static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
	return z ^ (x & (y ^ z));
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) | (z & (x | y));
}

int mbedtls_internal_md5_process(mbedtls_md5_context *md5, const unsigned char data[64])
{
	static const uint8_t shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
	uint32_t a = md5->state[0], b = md5->state[1], c = md5->state[2], d = md5->state[3];

	for (unsigned int i = 0; i < 64; i++) {
		const unsigned char *word;
		unsigned int at;
		uint32_t mixed;

		switch (i / 16) {
		case 0:
			mixed = choose(b, c, d);
			at = i;
			break;
		case 1:
			mixed = choose(d, b, c);
			at = 5 * i + 1;
			break;
		case 2:
			mixed = b ^ c ^ d;
			at = 3 * i + 5;
			break;
		default:
			mixed = c ^ (b | ~d);
			at = 7 * i;
			break;
		}
		word = data + 4 * (at % 16);
		mixed += a + sines[i] +
			 (word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 | (uint32_t)word[3] << 24);
		a = d;
		d = c;
		c = b;
		b += rotate(mixed, shifts[i / 16][i % 4]);
	}
	md5->state[0] += a;
	md5->state[1] += b;
	md5->state[2] += c;
	md5->state[3] += d;
	return 0;
}

int mbedtls_internal_sha1_process(mbedtls_sha1_context *sha1, const unsigned char data[64])
{
	static const uint32_t constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	uint32_t words[80] = {0}, a = sha1->state[0], b = sha1->state[1], c = sha1->state[2], d = sha1->state[3],
		 e = sha1->state[4];

	for (unsigned int i = 0; i < 64; i++)
		words[i / 4] = words[i / 4] << 8 | data[i];
	for (unsigned int i = 0; i < 80; i++) {
		uint32_t mixed = i / 20 == 0 ? choose(b, c, d) : i / 20 == 2 ? majority(b, c, d) : b ^ c ^ d;

		if (i >= 16)
			words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
		mixed += rotate(a, 5) + e + words[i] + constants[i / 20];
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = mixed;
	}
	sha1->state[0] += a;
	sha1->state[1] += b;
	sha1->state[2] += c;
	sha1->state[3] += d;
	sha1->state[4] += e;
	mbedtls_platform_zeroize(words, sizeof(words));
	return 0;
}
