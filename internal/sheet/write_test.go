package sheet

import (
	"strings"
	"testing"
)

func TestWriter(t *testing.T) {
	var b strings.Builder
	w, err := NewWriter(&b, "姓名", "数量")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range [][]string{{"李娜,西湖", "-3"}, {`=HYPERLINK("x")`, "+1.5"}, {"@我", "-"}, {"", "第一行\n第二行"}} {
		if err := w.Row(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := "\uFEFF姓名,数量\r\n\"李娜,西湖\",-3\r\n\"'=HYPERLINK(\"\"x\"\")\",+1.5\r\n'@我,'-\r\n,\"第一行\r\n第二行\"\r\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}
