package sheet

import (
	"errors"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"qunce/internal/errs"
)

const (
	maxWorkbook = 100 << 20 // bytes of the file
	maxUnzipped = 2 << 30   // bytes of its contents; a bomb stops here
	unzipInRAM  = 16 << 20  // parts above this go to temporary files
)

// xlsxSource reads one sheet of a workbook as a stream. Values are raw: numbers as stored, not as displayed, so that
// neither rounding nor a date format stands between the file and us.
type xlsxSource struct {
	file *excelize.File
	rows *excelize.Rows
	line int
}

// openXLSX takes the first sheet that has all required columns, or else the first one.
func openXLSX(in io.Reader, cols []Column) (src *xlsxSource, y1904 bool, err error) {
	limited := &io.LimitedReader{R: in, N: maxWorkbook + 1}
	file, err := excelize.OpenReader(limited, excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: unzipInRAM,
	})
	if limited.N <= 0 {
		if err == nil {
			file.Close()
		}
		return nil, false, tooLarge(maxWorkbook)
	}
	if err != nil {
		if d := damaged(err); errs.KindOf(d) == errs.Invalid {
			return nil, false, d
		}
		return nil, false, badXLSX(err)
	}
	if props, err := file.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		y1904 = *props.Date1904
	}
	sheets := file.GetSheetList()
	if len(sheets) == 0 {
		file.Close()
		return nil, false, badXLSX(errors.New("the workbook has no sheet"))
	}
	chosen := sheets[0]
	for _, name := range sheets {
		if hasHeader(file, name, cols) {
			chosen = name
			break
		}
	}
	rows, err := file.Rows(chosen)
	if err != nil {
		file.Close()
		return nil, false, badXLSX(err)
	}
	return &xlsxSource{file: file, rows: rows}, y1904, nil
}

func badXLSX(cause error) error {
	return errs.E(errs.Invalid, "sheet.bad_xlsx", "the file is no readable .xlsx workbook: open and save it again").Wrap(cause)
}

func hasHeader(file *excelize.File, name string, cols []Column) bool {
	rows, err := file.Rows(name)
	if err != nil {
		return false // a chart sheet
	}
	defer rows.Close()
	for seen := 0; seen < headerSearch && rows.Next(); {
		fields, err := rows.Columns()
		if err != nil {
			return false
		}
		if m := match(fields, cols); len(m.missing) == 0 && len(m.index) > 0 {
			return true
		}
		if !blank(fields) {
			seen++
		}
	}
	return false
}

// begin asks for no width: a spreadsheet leaves out empty cells at the end, and notes beside the table are common.
func (s *xlsxSource) begin(int) {}

func (s *xlsxSource) next() (record, error) {
	for s.rows.Next() {
		s.line++
		fields, err := s.rows.Columns()
		if err != nil {
			return record{}, badXLSX(err)
		}
		if blank(fields) {
			continue
		}
		for i, f := range fields {
			if strings.IndexByte(f, 0) >= 0 || strings.ToValidUTF8(f, "") != f {
				return record{}, &RowError{Row: s.line, Code: "sheet.bad_text", Value: Cut(strings.ReplaceAll(fields[i], "\x00", "�"))}
			}
		}
		return record{line: s.line, fields: fields}, nil
	}
	if err := s.rows.Error(); err != nil {
		return record{}, badXLSX(err)
	}
	return record{}, io.EOF
}

func (s *xlsxSource) close() error {
	return errors.Join(s.rows.Close(), s.file.Close())
}
