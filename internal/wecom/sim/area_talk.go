package sim

// talkAreas are those of saying something: media, messages, moments, customer service, the archive.
func talkAreas() []area {
	return []area{mediaArea(), appArea(), roomArea(), momentArea(), wordsArea(), albumArea(), kfArea(), kfKnowledgeArea(), archiveArea()}
}
