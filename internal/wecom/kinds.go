package wecom

import (
	"slices"
	"strconv"

	"qunce/internal/errs"
)

// codesOf lists WeCom's errcodes that operators get a sentence for, by what they mean to a caller: errors of the first
// two kinds pass by themselves, but for the four limits of number among them (40126, 41045, 41094, 610023).
func codesOf() map[errs.Kind][]int {
	return map[errs.Kind][]int{
		errs.Unavailable: {
			-1, 6000, 41063, 41078, 41079, 41096, 45035, 60020,
		},
		errs.TooMany: {
			40126, 41045, 41094, 45009, 45033, 610023,
		},
		errs.Forbidden: {
			40001, 40013, 40014, 40056, 40091, 40093, 40143, 40201, 40204, 41002, 41004, 41011, 41058, 41200, 41211,
			42001, 42012, 42015, 45036, 48001, 48002, 48005, 48006, 48009, 48010, 48011, 50001, 50002, 50003, 60011,
			60021, 60030, 84074, 84083, 90510, 93001, 93004, 93008, 95014, 95017, 95021, 301002, 301007, 301052,
			301053, 301111, 610024, 701008,
		},
		errs.Unauthenticated: {
			40029, 42003, 42022, 84014, 84015,
		},
		errs.NotFound: {
			40003, 40007, 40068, 40096, 40145, 41044, 41047, 41060, 41070, 41071, 41201, 42016, 46004, 49008, 60003,
			60111, 60123, 84061, 84084, 86001, 90501, 90509, 90511, 93000, 95000, 95004, 301048, 301061,
		},
		errs.Conflict: {
			40071, 40097, 40098, 40099, 40100, 40128, 40129, 40131, 40144, 40205, 41050, 41051, 41053, 41055, 41062,
			41069, 41077, 41093, 41095, 41202, 41210, 42052, 60140, 90500, 90502, 90503, 90504, 90507, 90508, 95001,
			95002, 95005, 95007, 95013, 95016, 95018, 95019, 95033,
		},
		errs.Invalid: {
			40004, 40005, 40006, 40008, 40009, 40031, 40032, 40035, 40058, 40063, 40066, 40072, 40130, 41005, 41006, 41009,
			41035, 41036, 41037, 41038, 41039, 41040, 41041, 41042, 41048, 41054, 41056, 41061, 41064, 41065, 41067,
			41068, 41072, 41073, 41074, 41075, 41076, 41080, 41081, 41082, 41083, 41084, 41085, 41086, 41087, 41088,
			41089, 41090, 41091, 42014, 42017, 42018, 42019, 44004, 45001, 45002, 45007, 45008, 45029, 50100, 60268,
			81013, 81017, 82001, 86214, 93017, 93018, 95006, 95008, 301019, 301058, 301059, 301060, 830001, 830002, 830003,
		},
		errs.Internal: {
			41001, 41043, 41046, 41049, 41059, 86003,
		},
	}
}

// kinds is codesOf by code; it is read only.
var kinds = byCode()

func byCode() map[int]errs.Kind {
	out := map[int]errs.Kind{}
	for kind, codes := range codesOf() {
		for _, code := range codes {
			out[code] = kind
		}
	}
	return out
}

// SentenceCode is the errs code of one of WeCom's, for which every language has a sentence: "wecom.other" for a code that
// has none of its own.
func SentenceCode(code int) string {
	if _, ok := kinds[code]; ok {
		return "wecom." + strconv.Itoa(code)
	}
	return "wecom.other"
}

// SentenceCodes lists the errs codes this package can produce, for the test that every language translates them.
func SentenceCodes() []string {
	out := []string{"wecom.unreachable", "wecom.other"}
	for code := range kinds {
		out = append(out, SentenceCode(code))
	}
	slices.Sort(out)
	return out
}
