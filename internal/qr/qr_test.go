package qr

import (
	"bytes"
	"image/png"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"

	"qunce/internal/errs"
)

// The SVG's runs, painted again, must give the bitmap: one wrong module may make a code unreadable.
func TestSVGPaintsTheBitmap(t *testing.T) {
	const text = "https://example.test/c/3xAmPl3T0k3n"
	svg, err := SVG(text)
	if err != nil {
		t.Fatal(err)
	}
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	want := code.Bitmap()
	got := make([][]bool, len(want))
	for i := range got {
		got[i] = make([]bool, len(want))
	}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1`).FindAllStringSubmatch(string(svg), -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		run, _ := strconv.Atoi(m[3])
		for i := range run {
			got[y][x+i] = true
		}
	}
	for y := range want {
		for x := range want[y] {
			if got[y][x] != want[y][x] {
				t.Fatalf("module %d,%d is %v, want %v", x, y, got[y][x], want[y][x])
			}
		}
	}
}

func TestPNGSizeIsBounded(t *testing.T) {
	for asked, want := range map[int]int{1: MinSize, 300: 300, 1 << 20: MaxSize} {
		raw, err := PNG("https://example.test/c/3xAmPl3T0k3n", asked)
		if err != nil {
			t.Fatal(err)
		}
		c, err := png.DecodeConfig(bytes.NewReader(raw))
		if err != nil || c.Width != want {
			t.Errorf("PNG of size %d is %d wide (%v), want %d", asked, c.Width, err, want)
		}
	}
}

func TestTooLong(t *testing.T) {
	if _, err := SVG(strings.Repeat("长", 2000)); !errs.Is(err, "qr.too_long") {
		t.Errorf("err = %v, want qr.too_long", err)
	}
}
