#include <stdio.h>
#include <string.h>

int main(int count, char **words)
{
	if (count == 2 && strcmp(words[1], "--version") == 0)
		return printf("hello %s\n", VERSION) < 0;
	return printf("Hello, %s!\n", count > 1 ? words[1] : "world") < 0;
}
